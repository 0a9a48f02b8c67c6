// CRC-32 as in zlib (polynomial 0xEDB88320, reflected), as firmware/runner computes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace boardloop {

inline uint32_t Crc32(const void* data, size_t bytes) {
  const auto* byte = static_cast<const uint8_t*>(data);
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < bytes; ++i) {
    crc ^= byte[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

}  // namespace boardloop
