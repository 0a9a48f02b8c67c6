// The record of marks: memory shared with the cycle plugin, and the read-only window at 0xF0000000
// through which a debugger reads it. docs/virtual-board.md has the layout of the window.
//
// Thread-safe towards the plugin only (cycle_record.h): there is one such object per board, used by
// one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"
#include "device-agent/virtual/cycles/cycle_model.h"
#include "device-agent/virtual/cycles/cycle_record.h"

namespace boardloop::vboard {

class MarkWindow {
 public:
  static constexpr uint32_t kAddress = 0xf0000000;
  static constexpr uint32_t kHeaderBytes = 0x40;
  static constexpr uint32_t kBytes = kHeaderBytes + BL_RECORD_CAPACITY * sizeof(bl_mark);
  static constexpr uint32_t kClearAddress = 0xf000000c;
  static constexpr uint32_t kMagic = 0x4d434c42;  // "BLCM"
  static constexpr uint32_t kLayoutVersion = 1;

  static absl::StatusOr<std::unique_ptr<MarkWindow>> Create(const bl_cycle_model& model);
  ~MarkWindow();

  static bool Contains(uint32_t address) { return address - kAddress < kBytes; }

  // address   of a word of the window
  uint32_t ReadWord(uint32_t address) const;
  void Clear();

  // To be inherited by QEMU: the plugin maps it.
  int fd() const { return fd_.get(); }
  const bl_cycle_model& model() const { return model_; }
  // "cortex-m4-trm 1", "cortex-m7-modelled 1"
  std::string model_name() const;

  // Faults for tests: at the `mark`-th mark since the record was cleared, once.
  void HangAt(uint32_t mark);
  void AbortAt(uint32_t mark);
  // The core has stopped for ever. Only a new QEMU helps.
  bool hung() const;
  // A new QEMU is about to start.
  void ForgetFaults();

  bl_cycle_record* record() { return record_; }

 private:
  MarkWindow(const bl_cycle_model& model, UniqueFd fd, bl_cycle_record* record);
  bool cleared() const;

  bl_cycle_model model_;
  UniqueFd fd_;
  bl_cycle_record* record_;
};

}  // namespace boardloop::vboard
