// The JPEG half of DecodeImage (image.h), through libjpeg-turbo.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/data/image.h"

namespace boardloop {

// A progressive file may repeat its scans without end, each as expensive as a whole image.
inline constexpr int kMaxJpegScans = 64;

absl::StatusOr<Image> DecodeJpeg(const std::string& bytes);

}  // namespace boardloop
