// QEMU's qtest protocol: memory and devices, also while the core runs.
//
// It works beside TCG in QEMU 7.2; writes to flash regions are dropped. A command takes about 90 us
// while the core runs.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "device-agent/virtual/qemu/line_client.h"

namespace boardloop::vboard {

class QtestClient {
 public:
  explicit QtestClient(UniqueFd fd) : lines_(std::move(fd)) {}

  bool gone() const { return lines_.gone(); }
  void GiveUp() { lines_.GiveUp(); }

  // size   1, 2 or 4 bytes
  uint32_t Read(uint32_t address, int size);
  void Write(uint32_t address, int size, uint32_t value);
  void ReadBlock(uint32_t address, absl::Span<uint8_t> data);
  void WriteBlock(uint32_t address, absl::Span<const uint8_t> data);

 private:
  std::string Ask(const std::string& command);

  LineClient lines_;
};

}  // namespace boardloop::vboard
