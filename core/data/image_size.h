// The limits of image.h, for the decoders.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace boardloop {

// INVALID_ARGUMENT  outside the limits; the message has both sizes
absl::Status CheckImageSize(int64_t height, int64_t width);

}  // namespace boardloop
