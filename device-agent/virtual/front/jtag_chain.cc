#include "device-agent/virtual/front/jtag_chain.h"

#include <array>

namespace boardloop::vboard {
namespace {

// Instructions of the JTAG-DP, 4 bits (ADIv5, chapter 3).
constexpr uint32_t kAbort = 0x8, kDpAccess = 0xa, kApAccess = 0xb, kIdCode = 0xe;
constexpr unsigned kCoreInstructionBits = 4;
// Instructions of the boundary-scan TAP, 5 bits.
constexpr uint32_t kChipIdCode = 1;
constexpr unsigned kChipInstructionBits = 5;

constexpr unsigned kAccessBits = 35;  // RnW, two bits of address, 32 of data.
constexpr uint32_t kAcknowledge = 2;  // OK or FAULT, which JTAG does not tell apart.

}  // namespace

JtagChain::State JtagChain::Next(State state, bool tms) {
  using enum State;
  static constexpr std::array<std::array<State, 2>, 16> kNext = {{
      {kRunTestIdle, kTestLogicReset},  // Test-Logic-Reset
      {kRunTestIdle, kSelectDr},        // Run-Test/Idle
      {kCaptureDr, kSelectIr},          // Select-DR-Scan
      {kShiftDr, kExit1Dr},             // Capture-DR
      {kShiftDr, kExit1Dr},             // Shift-DR
      {kPauseDr, kUpdateDr},            // Exit1-DR
      {kPauseDr, kExit2Dr},             // Pause-DR
      {kShiftDr, kUpdateDr},            // Exit2-DR
      {kRunTestIdle, kSelectDr},        // Update-DR
      {kCaptureIr, kTestLogicReset},    // Select-IR-Scan
      {kShiftIr, kExit1Ir},             // Capture-IR
      {kShiftIr, kExit1Ir},             // Shift-IR
      {kPauseIr, kUpdateIr},            // Exit1-IR
      {kPauseIr, kExit2Ir},             // Pause-IR
      {kShiftIr, kUpdateIr},            // Exit2-IR
      {kRunTestIdle, kSelectDr},        // Update-IR
  }};
  return kNext[static_cast<size_t>(state)][tms ? 1 : 0];
}

void JtagChain::Reset() {
  state_ = State::kTestLogicReset;
  core_instruction_ = kIdCode;
  chip_instruction_ = kChipIdCode;
}

// What a state does happens at the edge that leaves it; updates happen on entry.
void JtagChain::Clock(bool tms, bool tdi) {
  switch (state_) {
    case State::kShiftDr:
    case State::kShiftIr:
      shift_ = shift_ >> 1 | static_cast<ShiftRegister>(tdi ? 1 : 0) << (shift_bits_ - 1);
      break;
    case State::kCaptureDr:
      CaptureDr();
      break;
    case State::kCaptureIr:  // Each TAP captures ...01.
      shift_ = 1 | 1u << kCoreInstructionBits;
      shift_bits_ = kCoreInstructionBits + kChipInstructionBits;
      break;
    default:
      break;
  }
  state_ = Next(state_, tms);
  if (state_ == State::kUpdateDr) {
    UpdateDr();
  } else if (state_ == State::kUpdateIr) {
    core_instruction_ = static_cast<uint32_t>(shift_) & 15;
    chip_instruction_ = static_cast<uint32_t>(shift_ >> kCoreInstructionBits) & 31;
  } else if (state_ == State::kTestLogicReset) {
    Reset();
  }
}

unsigned JtagChain::CoreRegisterBits() const {
  switch (core_instruction_) {
    case kAbort:
    case kDpAccess:
    case kApAccess:
      return kAccessBits;
    case kIdCode:
      return 32;
    default:
      return 1;
  }
}

void JtagChain::CaptureDr() {
  const unsigned core_bits = CoreRegisterBits();
  const bool shows_chip = chip_instruction_ == kChipIdCode;
  ShiftRegister core = 0;
  if (core_bits == kAccessBits) core = ShiftRegister{access_result_} << 3 | kAcknowledge;
  if (core_bits == 32) core = port_.board().type().jtag_dp_id;
  const ShiftRegister chip = shows_chip ? port_.board().type().jtag_chip_id : 0;
  shift_ = core | chip << core_bits;
  shift_bits_ = core_bits + (shows_chip ? 32 : 1);
}

void JtagChain::UpdateDr() {
  if (CoreRegisterBits() != kAccessBits) return;
  const auto bits = static_cast<uint64_t>(shift_);
  const bool reads = (bits & 1) != 0;
  const auto address = static_cast<uint32_t>(bits >> 1 & 3) << 2;
  const auto data = static_cast<uint32_t>(bits >> 3);
  if (core_instruction_ == kAbort) {
    port_.Abort(data);
  } else if (core_instruction_ == kDpAccess) {
    if (reads) {
      access_result_ = address == 12 ? 0 : port_.ReadDp(address);  // 12: RDBUFF reads as 0.
    } else {
      port_.WriteDp(address, data, DebugPort::Wire::kJtag);
    }
  } else if (port_.sticky_error()) {
    return;
  } else if (reads) {
    access_result_ = port_.ReadAp(address);
  } else {
    port_.WriteAp(address, data);
  }
}

}  // namespace boardloop::vboard
