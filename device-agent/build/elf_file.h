// What is in a linked image, read with libelf.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "device-agent/build/builder.h"

namespace boardloop {

struct ElfContents {
  std::map<std::string, uint32_t> symbols;       // Global ones; functions with the Thumb bit.
  std::map<std::string, int64_t> symbol_bytes;   // Their sizes.
  std::map<std::string, int64_t> section_bytes;  // Of those that occupy memory.
  std::vector<LoadSegment> segments;             // What flash holds, ascending.
};

// INVALID_ARGUMENT  not a 32-bit ELF for Arm
absl::StatusOr<ElfContents> ReadElf(const std::string& elf);

// `weight_bytes` of the constants are weights.
ImageSize SizeOf(const ElfContents& contents, int64_t weight_bytes);

}  // namespace boardloop
