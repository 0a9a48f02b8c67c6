// Faults that a test can order from a virtual board: what goes wrong on a bench, on purpose.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace boardloop::vboard {

struct Fault {
  enum class Kind {
    kDropLink,      // drop-link@BYTES     the link closes after so many bytes sent, once
    kCorruptFlash,  // corrupt-flash@OFFSET a bit of that word is wrong at its next programming
    kHangCore,      // hang-core@N         the core stops for ever at the N-th mark
    kDoubleFault,   // double-fault@N      the core locks up at the N-th mark
    kSlowLink,      // slow-link:USEC      each request is answered so much later; 0 ends it
    kVanish,        // vanish@BYTES        as unplugged, after so many bytes sent
  };
  Kind kind = Kind::kDropLink;
  uint32_t value = 0;
};

// Bytes are counted over all connections from when the fault was ordered; marks from the last
// reset, and the first is 1. Numbers are decimal or 0x hexadecimal.
//
// INVALID_ARGUMENT  what was found and what is needed
absl::StatusOr<Fault> ParseFault(std::string_view text);

}  // namespace boardloop::vboard
