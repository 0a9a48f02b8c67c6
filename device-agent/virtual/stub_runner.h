// Runs a debugger's code on the board without QEMU: the interpreter, with the board as its memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "device-agent/virtual/flash_controller.h"
#include "device-agent/virtual/target_memory.h"
#include "device-agent/virtual/thumb_interpreter.h"

namespace boardloop::vboard {

class StubRunner : private StubMemory {
 public:
  enum class State {
    kNone,        // No code is being run.
    kRunning,     // Call RunSlice() again.
    kWaiting,     // The code waits for the debugger to write to memory.
    kBreakpoint,  // It has reached a BKPT.
    kUnknown,     // It has reached an instruction that only QEMU knows.
  };

  // Not owned, must outlive the runner.
  StubRunner(TargetMemory& memory, FlashController& flash);

  void Attach(QemuLink* qemu) { qemu_ = qemu; }

  void Start(const std::array<uint32_t, 17>& registers);
  // Runs until something happens, or for a few tens of milliseconds: OpenOCD's ST-Link driver gives
  // a command one second.
  State RunSlice();
  // The debugger has written to memory: code that waits may go on.
  void WakeUp();
  // Ends the run and returns the registers.
  std::array<uint32_t, 17> Stop();

  bool active() const { return interpreter_.has_value(); }
  State state() const { return state_; }

 private:
  uint32_t Load(uint32_t address, int size) override;
  void Store(uint32_t address, int size, uint32_t value) override;

  TargetMemory& memory_;
  FlashController& flash_;
  QemuLink* qemu_ = nullptr;
  std::optional<ThumbInterpreter> interpreter_;
  State state_ = State::kNone;
  int device_accesses_ = 0;  // Of this slice.
};

}  // namespace boardloop::vboard
