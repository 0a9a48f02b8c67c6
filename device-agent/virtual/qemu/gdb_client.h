// QEMU's GDB stub: run control, core registers, and memory while the core is stopped.
//
// Facts about QEMU 7.2 that shape this file:
//   - p and P packets answer nothing until the target description has been read.
//   - M packets write through the ROM protection of a flash region and drop translated code; they
//     are ignored for devices. m packets read everything.
//   - Any byte on this socket stops the core: nothing may be asked while it runs.
//   - There are no registers for MSP, PSP, PRIMASK and their like (core_registers.h has the way
//     out).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "device-agent/virtual/qemu/channel.h"

namespace boardloop::vboard {

// Kinds of stop points, numbered as in the Z packets.
enum class StopPoint { kSoftware = 0, kHardware = 1, kWrite = 2, kRead = 3, kAccess = 4 };

// r0 to r15 and xPSR.
using CoreRegisters = std::array<uint32_t, 17>;

class GdbClient {
 public:
  explicit GdbClient(UniqueFd fd) : channel_(std::move(fd)) {}

  // The first exchange; the core is stopped.
  void Start();

  bool gone() const { return channel_.gone(); }
  void GiveUp() { channel_.GiveUp(); }
  int fd() const { return channel_.fd(); }

  // Takes in what has arrived, if only the end of the stream.
  void CheckAlive() { channel_.Receive(&buffer_, absl::ZeroDuration()); }

  bool running() const { return running_; }
  void Continue();
  // True when the core does not run (any more); `stop_reply()` then says why it stopped.
  bool PollStop();
  void Interrupt();
  void Step();
  const std::string& stop_reply() const { return stop_reply_; }

  // The calls below need a stopped core.

  CoreRegisters ReadCoreRegisters();
  // number   of the stub: 0 to 15, 25 is xPSR, 26 to 41 are d0 to d15, 42 is FPSCR
  uint32_t ReadRegister(int number);
  void WriteRegister(int number, uint32_t value);
  uint64_t ReadDouble(int number);
  void WriteDouble(int number, uint64_t value);

  // False when there is no memory.
  bool ReadMemory(uint32_t address, absl::Span<uint8_t> data);
  bool WriteMemory(uint32_t address, absl::Span<const uint8_t> data);

  void SetStopPoint(StopPoint kind, uint32_t address, uint32_t length);
  void ClearStopPoint(StopPoint kind, uint32_t address, uint32_t length);

 private:
  std::string Ask(std::string_view packet);
  void SendPacket(std::string_view packet);
  std::string ReceivePacket();
  bool TakePacket(std::string* packet);
  // False when the core still runs after `timeout`.
  bool AwaitStop(absl::Duration timeout);

  Channel channel_;
  std::string buffer_;
  std::string stop_reply_;
  bool running_ = false;
};

}  // namespace boardloop::vboard
