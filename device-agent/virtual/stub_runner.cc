#include "device-agent/virtual/stub_runner.h"

namespace boardloop::vboard {
namespace {

constexpr int kSliceInstructions = 2'000'000;
// Each is a question to QEMU and takes 20 to 70 us: code that polls a device has shorter slices.
constexpr int kSliceDeviceAccesses = 1000;

// Everything that decides what the code does next, besides memory.
struct Snapshot {
  std::array<uint32_t, 16> registers;
  ThumbInterpreter::Flags flags;

  explicit Snapshot(const ThumbInterpreter& from)
      : registers(from.general()), flags(from.flags()) {}
  bool Equals(const ThumbInterpreter& now) const {
    return registers == now.general() && flags == now.flags();
  }
};

}  // namespace

StubRunner::StubRunner(TargetMemory& memory, FlashController& flash)
    : memory_(memory), flash_(flash) {}

void StubRunner::Start(const std::array<uint32_t, 17>& registers) {
  interpreter_.emplace(static_cast<StubMemory&>(*this), registers);
  state_ = State::kRunning;
}

void StubRunner::WakeUp() {
  if (state_ == State::kWaiting) state_ = State::kRunning;
}

std::array<uint32_t, 17> StubRunner::Stop() {
  const std::array<uint32_t, 17> registers = interpreter_->registers();
  interpreter_.reset();
  state_ = State::kNone;
  return registers;
}

// A waiting loop is found exactly, not guessed: all registers repeat with no store between (Brent's
// cycle detection), so nothing but a write of the debugger can change what happens.
StubRunner::State StubRunner::RunSlice() {
  if (state_ != State::kRunning) return state_;
  ThumbInterpreter& code = *interpreter_;
  Snapshot seen(code);
  uint64_t stores = code.stores();
  int since_snapshot = 0, next_snapshot = 1;
  device_accesses_ = 0;
  for (int i = 0; i < kSliceInstructions && device_accesses_ < kSliceDeviceAccesses; ++i) {
    const ThumbInterpreter::Result result = code.Step();
    if (result != ThumbInterpreter::Result::kContinue) {
      const bool at_breakpoint = result == ThumbInterpreter::Result::kBreakpoint;
      return state_ = at_breakpoint ? State::kBreakpoint : State::kUnknown;
    }
    const bool stored = code.stores() != stores;
    if (!stored && code.general()[15] == seen.registers[15] && seen.Equals(code)) {
      return state_ = State::kWaiting;
    }
    ++since_snapshot;
    if (stored) {
      stores = code.stores();
      next_snapshot = 1;
    } else if (since_snapshot < next_snapshot) {
      continue;
    } else {
      next_snapshot *= 2;
    }
    since_snapshot = 0;
    seen = Snapshot(code);
  }
  return state_;
}

uint32_t StubRunner::Load(uint32_t address, int size) {
  uint32_t offset = 0;
  if ((address & static_cast<uint32_t>(size - 1)) != 0) {  // Unaligned: byte by byte.
    uint32_t value = 0;
    for (int i = 0; i < size; ++i) value |= Load(address + static_cast<uint32_t>(i), 1) << (8 * i);
    return value;
  }
  if (memory_.InSram(address)) return memory_.ReadStopped(address, size);
  if (memory_.FlashOffset(address, &offset)) return memory_.ReadFlash(offset, size);
  if (address - FlashController::kAddress < FlashController::kBytes) {
    const uint32_t at = address - FlashController::kAddress;
    return flash_.ReadRegister(at & ~3u) >> (8 * (at & 3));
  }
  ++device_accesses_;
  return qemu_->qtest.Read(address, size);
}

void StubRunner::Store(uint32_t address, int size, uint32_t value) {
  uint32_t offset = 0;
  if ((address & static_cast<uint32_t>(size - 1)) != 0) {
    for (int i = 0; i < size; ++i) Store(address + static_cast<uint32_t>(i), 1, value >> (8 * i));
  } else if (memory_.InSram(address)) {
    memory_.WriteStopped(address, size, value);
  } else if (memory_.FlashOffset(address, &offset)) {
    flash_.Store(offset, size, value);
  } else if (address - FlashController::kAddress < FlashController::kBytes) {
    flash_.WriteRegister((address - FlashController::kAddress) & ~3u, value);
  } else {
    ++device_accesses_;
    qemu_->qtest.Write(address, size, value);
  }
}

}  // namespace boardloop::vboard
