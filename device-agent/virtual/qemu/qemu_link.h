// One QEMU as the board sees it: its process and the clients of its three protocols.
//
// Invariant: while the core runs, only `qtest` may be used (gdb_client.h).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "device-agent/virtual/qemu/gdb_client.h"
#include "device-agent/virtual/qemu/qemu_process.h"
#include "device-agent/virtual/qemu/qmp_client.h"
#include "device-agent/virtual/qemu/qtest_client.h"

namespace boardloop::vboard {

class QemuLink {
 public:
  // Starts QEMU and waits until its machine is built and stopped.
  //
  // NOT_FOUND            no qemu-system-arm
  // FAILED_PRECONDITION  a version the board's memory map and plugin are not known to fit, or QEMU
  //                      refused to start; the message has its reason
  static absl::StatusOr<std::unique_ptr<QemuLink>> Start(const QemuProcess::Options& options);

  // True when QEMU has died or does not answer: every call on the clients returns at once.
  bool gone() const { return gdb.gone() || qtest.gone() || qmp.gone(); }
  // Makes every further call return at once.
  void GiveUp();

  QemuProcess process;
  GdbClient gdb;
  QtestClient qtest;
  QmpClient qmp;

 private:
  explicit QemuLink(QemuProcess started);
};

}  // namespace boardloop::vboard
