// The two errors of an import, with printf-like messages.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace boardloop::tflite {

// The file contradicts itself or the format.
template <typename... Args>
absl::Status Invalid(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

// The file may be valid; we do not support it.
template <typename... Args>
absl::Status Unsupported(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::UnimplementedError(absl::StrFormat(format, args...));
}

}  // namespace boardloop::tflite
