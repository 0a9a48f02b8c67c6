// The stable content hash of the project: XXH3, 128 bits (xxHash 0.8's frozen format). Equal bytes
// hash equally in every version, on every machine. It is not cryptographic: artifacts use sha256.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

namespace boardloop {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  std::string Hex() const;  // 32 lower-case digits.

  friend bool operator==(const Hash128& a, const Hash128& b) {
    return a.high == b.high && a.low == b.low;
  }
  friend bool operator!=(const Hash128& a, const Hash128& b) { return !(a == b); }
  friend bool operator<(const Hash128& a, const Hash128& b) {
    return std::tie(a.high, a.low) < std::tie(b.high, b.low);
  }
};

Hash128 HashBytes(const std::string& bytes);

}  // namespace boardloop
