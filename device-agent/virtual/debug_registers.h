// The core's private peripheral bus as a debugger sees it: debug control (DHCSR and its
// neighbours), breakpoint unit (FPB), watchpoint unit (DWT), CoreSight identification, and the rest
// of the system control space from QEMU. ARMv7-M Architecture Reference Manual, part C.
//
// Facts that cost time:
//   - A debug event sets DHCSR.C_HALT. If it did not, the debugger's next write of DHCSR would
//     resume the core, and a single step would run away.
//   - pyOCD takes no breakpoint unit it does not know by its part number.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "device-agent/virtual/board_type.h"
#include "device-agent/virtual/core.h"

namespace boardloop::vboard {

class DebugRegisters {
 public:
  // Not owned. `reset` makes a system reset.
  DebugRegisters(const BoardType& type, Core& core, std::function<void()> reset);

  void Attach(QemuLink* qemu) { qemu_ = qemu; }

  static bool Contains(uint32_t address) { return address >> 20 == 0xe00; }

  // address   of a word
  uint32_t Read(uint32_t address);
  void Write(uint32_t address, uint32_t value);

  // A reset has happened, or is held by the reset pin.
  void NoteReset() { reset_status_ = true; }
  void HoldReset(bool held) { reset_held_ = held; }
  // The core halts at its first instruction (DEMCR.VC_CORERESET with debug enabled).
  bool CatchesReset() const;
  bool debug_enabled() const { return (control_ & 1) != 0; }

 private:
  uint32_t ReadStatus();
  uint32_t ReadBreakpointUnit(uint32_t offset) const;
  uint32_t ReadWatchpointUnit(uint32_t offset);
  uint32_t ReadRomTable(uint32_t offset) const;
  void WriteControl(uint32_t value);
  void SelectRegister(uint32_t value);
  void WriteBreakpointUnit(uint32_t offset, uint32_t value);
  void WriteWatchpointUnit(uint32_t offset, uint32_t value);
  void UpdateBreakpoints();
  void UpdateWatchpoints();
  void NoteMatch(uint32_t address);

  struct WatchComparator {
    uint32_t value = 0, mask = 0, function = 0;
  };

  const BoardType& type_;
  Core& core_;
  std::function<void()> reset_;
  QemuLink* qemu_ = nullptr;

  uint32_t control_ = 0;   // The low bits of DHCSR that can be written.
  uint32_t transfer_ = 0;  // DCRDR
  uint32_t monitor_ = 0;   // DEMCR
  bool reset_status_ = true;
  bool reset_held_ = false;
  std::array<uint32_t, 3> chip_debug_{};  // DBGMCU_CR and the freeze registers.
  bool breakpoints_enabled_ = false;
  std::array<uint32_t, 8> breakpoints_{};
  uint32_t watch_control_ = 0, cycle_counter_ = 0;
  std::array<WatchComparator, 4> watch_{};
};

}  // namespace boardloop::vboard
