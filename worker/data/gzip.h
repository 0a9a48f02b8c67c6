// Decompression of .gz files in memory, through zlib.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// The content of a gzip file, of at most `max_bytes`: a small file can ask for any amount of memory.
//
// INVALID_ARGUMENT    not gzip, damaged, or cut off
// RESOURCE_EXHAUSTED  more than `max_bytes`
absl::StatusOr<std::string> Gunzip(const std::string& bytes, int64_t max_bytes);

}  // namespace boardloop
