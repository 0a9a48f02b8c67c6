#include "device-agent/virtual/qemu/qtest_client.h"

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "device-agent/virtual/qemu/hex.h"

namespace boardloop::vboard {
namespace {

char SizeLetter(int size) {
  if (size == 4) return 'l';
  return size == 2 ? 'w' : 'b';
}

}  // namespace

uint32_t QtestClient::Read(uint32_t address, int size) {
  const std::string reply = Ask(absl::StrFormat("read%c 0x%x\n", SizeLetter(size), address));
  if (!reply.starts_with("OK ")) return 0;
  return static_cast<uint32_t>(std::strtoull(reply.c_str() + 3, nullptr, 0));
}

void QtestClient::Write(uint32_t address, int size, uint32_t value) {
  Ask(absl::StrFormat("write%c 0x%x 0x%x\n", SizeLetter(size), address, value));
}

void QtestClient::ReadBlock(uint32_t address, absl::Span<uint8_t> data) {
  const std::string reply = Ask(absl::StrFormat("read 0x%x 0x%x\n", address, data.size()));
  if (reply.starts_with("OK 0x")) FromHex(std::string_view(reply).substr(5), data);
}

void QtestClient::WriteBlock(uint32_t address, absl::Span<const uint8_t> data) {
  std::string command = absl::StrFormat("write 0x%x 0x%x 0x", address, data.size());
  AppendHex(data, &command);
  command.push_back('\n');
  Ask(command);
}

std::string QtestClient::Ask(const std::string& command) {
  lines_.Send(command);
  while (!lines_.gone()) {
    std::string line = lines_.ReceiveLine();
    const bool reply =
        line.starts_with("OK") || line.starts_with("FAIL") || line.starts_with("ERR");
    if (reply) return line;  // Others report interrupts.
  }
  return "";
}

}  // namespace boardloop::vboard
