#include "device-agent/virtual/qemu/qemu_link.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop::vboard {

absl::StatusOr<std::unique_ptr<QemuLink>> QemuLink::Start(const QemuProcess::Options& options) {
  BL_ASSIGN_OR_RETURN(QemuProcess process, QemuProcess::Start(options));
  std::unique_ptr<QemuLink> link(new QemuLink(std::move(process)));
  const QemuVersion version = link->qmp.Start();
  if (link->gone() || version.major == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("QEMU did not start: %s", link->process.Complaint()));
  }
  // Other versions differ in the memory of these machines (netduinoplus2 from 8.1) and, from 9.0,
  // in the plugin API.
  if (version.major != 7 || version.minor != 2) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "qemu-system-arm is version %d.%d, needed is 7.2 (the virtual boards' memory "
        "maps and the cycle plugin are made for it)",
        version.major, version.minor));
  }
  link->gdb.Start();
  if (link->gone()) return absl::FailedPreconditionError("QEMU's GDB stub does not answer");
  return link;
}

QemuLink::QemuLink(QemuProcess started)
    : process(std::move(started)),
      gdb(std::move(process.gdb)),
      qtest(std::move(process.qtest)),
      qmp(std::move(process.qmp)) {}

void QemuLink::GiveUp() {
  gdb.GiveUp();
  qtest.GiveUp();
  qmp.GiveUp();
}

}  // namespace boardloop::vboard
