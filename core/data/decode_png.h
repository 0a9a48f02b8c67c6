// The PNG half of DecodeImage (image.h), through libpng.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/data/image.h"

namespace boardloop {

absl::StatusOr<Image> DecodePng(const std::string& bytes);

}  // namespace boardloop
