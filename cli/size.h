// Sizes, shares and counts as people write them; as people read them: core/base/numbers.h.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/numbers.h"  // IWYU pragma: export

namespace boardloop {

// No limit can be larger: a Cortex-M addresses 4 GiB.
inline constexpr int64_t kMaxSizeBytes = int64_t{1} << 32;

// Bytes in [1, kMaxSizeBytes], from digits with an optional fraction and unit: B (or none), K, M, G
// or T, alone or followed by B or iB, in upper or lower case. All units are powers of 1024, as in
// data sheets of microcontrollers: "320K", "320kB" and "320KiB" are 327,680. A fraction must come
// out as whole bytes: "1.5MB" does, "0.3K" does not.
//
// INVALID_ARGUMENT  anything else; the message says what was found and what is needed
absl::StatusOr<int64_t> ParseSize(const std::string& text);

// A share in [0, 100]: "15%" or "0.15"; 100 itself is "10000%".
absl::StatusOr<double> ParseShare(const std::string& text);

// A decimal number such as "0.35" in (low, high], low >= 0.
absl::StatusOr<double> ParseNumber(const std::string& text, double low, double high);

// Decimal digits for an integer in [low, high], low >= 0.
absl::StatusOr<int64_t> ParseInteger(const std::string& text, int64_t low, int64_t high);

}  // namespace boardloop
