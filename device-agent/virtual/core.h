// Run control of the core: halted, running, or locked up.
//
// Code that the debugger has loaded into RAM is interpreted here (stub_runner.h), all other code
// runs in QEMU. A debugger cannot tell: both are "running".
//
// Invariants:
//   (1) QEMU's core runs only in state kRunning with no stub active; only then the GDB client must
//       not be used.
//   (2) A locked-up or hung core executes nothing. A lockup ends with a halt or reset, a hang with
//       a reset only.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "device-agent/virtual/core_registers.h"
#include "device-agent/virtual/mark_window.h"
#include "device-agent/virtual/stub_runner.h"
#include "device-agent/virtual/target_memory.h"

namespace boardloop::vboard {

// Bits of DFSR: why the core has halted.
inline constexpr uint32_t kDfsrHalted = 1, kDfsrBreakpoint = 2, kDfsrWatchpoint = 4,
                          kDfsrVectorCatch = 8;

struct Watchpoint {
  StopPoint kind;
  uint32_t address;
  uint32_t length;
  friend bool operator==(const Watchpoint&, const Watchpoint&) = default;
};

class Core {
 public:
  // Not owned, must outlive the core.
  Core(const BoardType& type, TargetMemory& memory, FlashController& flash, MarkWindow& marks);

  // A new QEMU: the core is halted at its reset, or locked up.
  void Attach(QemuLink* qemu, bool locked_up);

  // Takes notice if the core has stopped by itself. All questions below are about that moment.
  void Poll();
  bool halted() const { return state_ == State::kHalted; }
  bool locked_up() const { return state_ == State::kLockup; }
  // It executes instructions of QEMU: memory is to be accessed as that of a running core.
  bool in_qemu() const { return state_ == State::kRunning && !stub_.active(); }
  bool hung() const { return state_ == State::kRunning && marks_.hung(); }

  void Halt();
  // breakpoints_halt   BKPT instructions that the debugger has written to RAM halt the core
  void Resume(bool breakpoints_halt);
  void Step();

  // The core has asked for a system reset (AIRCR.SYSRESETREQ); returns it once.
  bool TakeResetRequest();
  // QEMU has been reset: the core is halted at its reset vector.
  void AfterReset();
  // Stops QEMU's core, whatever it does, for a reset.
  void StopForReset();

  CoreRegisterFile& registers() { return registers_; }

  void SetBreakpoints(const std::set<uint32_t>& addresses);
  void SetWatchpoints(const std::vector<Watchpoint>& watchpoints);

  // A write of the debugger to SRAM: wakes a waiting stub, and remembers BKPT instructions.
  void NoteDebuggerWrite(uint32_t address, int size, uint32_t value);

  // A stub has instructions to execute: call Work() when there is nothing else to do.
  bool busy() const { return stub_.state() == StubRunner::State::kRunning; }
  void Work();

  uint32_t dfsr() const { return dfsr_; }
  void ClearDfsr(uint32_t bits) { dfsr_ &= ~bits; }
  void SetDfsr(uint32_t bits) { dfsr_ |= bits; }
  // Address whose access has halted the core, once; 0 is none.
  uint32_t TakeWatchedAddress();

 private:
  enum class State { kHalted, kRunning, kLockup };

  void NoteStop();
  void FinishStub();
  bool RunsAsStub(uint32_t pc) const;
  void PlaceBkptStops(uint32_t pc, bool breakpoints_halt);
  template <typename Change>
  void WhileStopped(Change change);

  TargetMemory& memory_;
  FlashController& flash_;
  MarkWindow& marks_;
  QemuLink* qemu_ = nullptr;
  CoreRegisterFile registers_;
  StubRunner stub_;
  State state_ = State::kHalted;
  bool reset_requested_ = false;
  bool halt_on_bkpt_ = false;
  uint32_t dfsr_ = 0;
  uint32_t watched_address_ = 0;

  std::set<uint32_t> breakpoints_;       // Set in QEMU for the FPB.
  std::vector<Watchpoint> watchpoints_;  // Set in QEMU for the DWT.
  std::set<uint32_t> bkpt_written_;      // Where the debugger has written a BKPT.
  std::set<uint32_t> bkpt_stops_;        // Those of them that are set in QEMU.
};

}  // namespace boardloop::vboard
