#include "core/base/hash.h"

#include <xxhash.h>

#include "absl/strings/str_format.h"

namespace boardloop {

std::string Hash128::Hex() const { return absl::StrFormat("%016x%016x", high, low); }

Hash128 HashBytes(const std::string& bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return Hash128{hash.high64, hash.low64};
}

}  // namespace boardloop
