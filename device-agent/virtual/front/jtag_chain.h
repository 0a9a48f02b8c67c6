// The JTAG scan chain of an STM32: the boundary-scan TAP and, nearest to TDO, the core's JTAG-DP.
#pragma once

#include <cstdint>

#include "device-agent/virtual/debug_port.h"

namespace boardloop::vboard {

class JtagChain {
 public:
  // `port` is not owned and must outlive the chain.
  explicit JtagChain(DebugPort& port) : port_(port) {}

  void Reset();
  // A rising edge of TCK.
  void Clock(bool tms, bool tdi);
  bool tdo() const { return (shift_ & 1) != 0; }

 private:
  // Longest chain: the 35 bits of an access and the boundary TAP's 32.
  using ShiftRegister = unsigned __int128;

  enum class State : uint8_t {
    kTestLogicReset,
    kRunTestIdle,
    kSelectDr,
    kCaptureDr,
    kShiftDr,
    kExit1Dr,
    kPauseDr,
    kExit2Dr,
    kUpdateDr,
    kSelectIr,
    kCaptureIr,
    kShiftIr,
    kExit1Ir,
    kPauseIr,
    kExit2Ir,
    kUpdateIr,
  };

  static State Next(State state, bool tms);
  unsigned CoreRegisterBits() const;
  void CaptureDr();
  void UpdateDr();

  DebugPort& port_;
  State state_ = State::kTestLogicReset;
  uint32_t core_instruction_ = 0xe;  // IDCODE, as after a reset.
  uint32_t chip_instruction_ = 1;    // Likewise.
  ShiftRegister shift_ = 0;
  unsigned shift_bits_ = 0;
  uint32_t access_result_ = 0;
};

}  // namespace boardloop::vboard
