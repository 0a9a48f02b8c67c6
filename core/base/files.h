// Reading and writing whole files, with bounds and messages that name the file.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// Reads a regular file of at most `max_bytes`.
//
// NOT_FOUND            no such file
// PERMISSION_DENIED    not readable
// INVALID_ARGUMENT     a directory or device, or larger than `max_bytes`
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes);

// Writes `path` through a temporary file beside it and a rename: readers see the old content or the
// new, never a part. `mode` is the new file's, less the umask: 0600 for what nobody else shall read.
//
// INVALID_ARGUMENT     there is something else than a regular file at `path`
// NOT_FOUND and others as the operating system says
absl::Status WriteFileAtomically(const std::string& path, const std::string& content,
                                 unsigned mode = 0666);

}  // namespace boardloop
