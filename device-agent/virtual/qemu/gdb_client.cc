#include "device-agent/virtual/qemu/gdb_client.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "device-agent/virtual/qemu/hex.h"

namespace boardloop::vboard {
namespace {

constexpr size_t kChunkBytes = 2000;  // The stub's packets hold 4096 characters.
constexpr absl::Duration kStepTimeout = absl::Milliseconds(500);  // Debuggers wait for a second.

template <typename T>
T FromLittleEndianHex(std::string_view hex) {
  std::array<uint8_t, sizeof(T)> bytes{};
  T value = 0;
  if (FromHex(hex, absl::MakeSpan(bytes))) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <typename T>
std::string ToLittleEndianHex(T value) {
  std::array<uint8_t, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  std::string text;
  AppendHex(bytes, &text);
  return text;
}

}  // namespace

void GdbClient::Start() {
  Ask("qSupported:xmlRegisters=arm");
  Ask("qXfer:features:read:target.xml:0,ffb");
  stop_reply_ = Ask("?");
}

void GdbClient::Continue() {
  SendPacket("c");
  running_ = true;
  stop_reply_.clear();
}

bool GdbClient::PollStop() {
  if (!running_) return true;
  std::string packet;
  if (!TakePacket(&packet)) {
    channel_.Receive(&buffer_, absl::ZeroDuration());
    if (!TakePacket(&packet)) return channel_.gone();
  }
  stop_reply_ = packet;
  running_ = false;
  return true;
}

void GdbClient::Interrupt() {
  if (PollStop()) return;
  channel_.Send("\x03");
  stop_reply_ = ReceivePacket();
  running_ = false;
}

bool GdbClient::AwaitStop(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!PollStop()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    channel_.Receive(&buffer_, left);
  }
  return true;
}

// The step of a WFI ends with the interrupt that it waits for, which may never come.
void GdbClient::Step() {
  SendPacket("s");
  running_ = true;
  if (AwaitStop(kStepTimeout)) return;
  Interrupt();
}

CoreRegisters GdbClient::ReadCoreRegisters() {
  const std::string all = Ask("g");
  CoreRegisters registers{};
  for (size_t i = 0; i < registers.size() && all.size() >= 8 * (i + 1); ++i) {
    registers[i] = FromLittleEndianHex<uint32_t>(std::string_view(all).substr(8 * i, 8));
  }
  return registers;
}

uint32_t GdbClient::ReadRegister(int number) {
  return FromLittleEndianHex<uint32_t>(Ask(absl::StrFormat("p%x", number)));
}

void GdbClient::WriteRegister(int number, uint32_t value) {
  Ask(absl::StrFormat("P%x=%s", number, ToLittleEndianHex(value)));
}

uint64_t GdbClient::ReadDouble(int number) {
  return FromLittleEndianHex<uint64_t>(Ask(absl::StrFormat("p%x", number)));
}

void GdbClient::WriteDouble(int number, uint64_t value) {
  Ask(absl::StrFormat("P%x=%s", number, ToLittleEndianHex(value)));
}

bool GdbClient::ReadMemory(uint32_t address, absl::Span<uint8_t> data) {
  while (!data.empty()) {
    const absl::Span<uint8_t> chunk = data.subspan(0, kChunkBytes);
    const std::string reply = Ask(absl::StrFormat("m%x,%x", address, chunk.size()));
    if (reply.size() != 2 * chunk.size() || !FromHex(reply, chunk)) return false;
    address += static_cast<uint32_t>(chunk.size());
    data.remove_prefix(chunk.size());
  }
  return true;
}

bool GdbClient::WriteMemory(uint32_t address, absl::Span<const uint8_t> data) {
  while (!data.empty()) {
    const absl::Span<const uint8_t> chunk = data.subspan(0, kChunkBytes);
    std::string packet = absl::StrFormat("M%x,%x:", address, chunk.size());
    AppendHex(chunk, &packet);
    if (Ask(packet) != "OK") return false;
    address += static_cast<uint32_t>(chunk.size());
    data.remove_prefix(chunk.size());
  }
  return true;
}

void GdbClient::SetStopPoint(StopPoint kind, uint32_t address, uint32_t length) {
  Ask(absl::StrFormat("Z%d,%x,%x", static_cast<int>(kind), address, length));
}

void GdbClient::ClearStopPoint(StopPoint kind, uint32_t address, uint32_t length) {
  Ask(absl::StrFormat("z%d,%x,%x", static_cast<int>(kind), address, length));
}

std::string GdbClient::Ask(std::string_view packet) {
  SendPacket(packet);
  return ReceivePacket();
}

void GdbClient::SendPacket(std::string_view packet) {
  uint8_t sum = 0;
  for (const char c : packet) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
  channel_.Send(absl::StrFormat("+$%s#%02x", packet, sum));
}

std::string GdbClient::ReceivePacket() {
  const absl::Time deadline = absl::Now() + kAnswerTimeout;
  std::string packet;
  while (!TakePacket(&packet)) {
    if (channel_.Receive(&buffer_, deadline - absl::Now())) continue;
    if (channel_.gone()) return "";
    if (absl::Now() >= deadline) channel_.GiveUp();
  }
  return packet;
}

// $body#cs; acknowledgements between packets are skipped.
bool GdbClient::TakePacket(std::string* packet) {
  const size_t start = buffer_.find('$');
  if (start == std::string::npos) return false;
  const size_t end = buffer_.find('#', start);
  if (end == std::string::npos || buffer_.size() < end + 3) return false;
  *packet = buffer_.substr(start + 1, end - start - 1);
  buffer_.erase(0, end + 3);
  return true;
}

}  // namespace boardloop::vboard
