// Bytes as hexadecimal digits, in both directions, for QEMU's protocols.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace boardloop::vboard {

inline uint8_t HexDigit(char c) {
  return static_cast<uint8_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

// Decodes two digits per byte; false when there are too few.
inline bool FromHex(std::string_view hex, absl::Span<uint8_t> data) {
  if (hex.size() < 2 * data.size()) return false;
  for (size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<uint8_t>(HexDigit(hex[2 * i]) << 4 | HexDigit(hex[2 * i + 1]));
  }
  return true;
}

inline void AppendHex(absl::Span<const uint8_t> data, std::string* text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const uint8_t byte : data) {
    text->push_back(kDigits[byte >> 4]);
    text->push_back(kDigits[byte & 15]);
  }
}

}  // namespace boardloop::vboard
