// JPEG and PNG files as pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

inline constexpr int32_t kMaxImageExtent = 16384;
inline constexpr int64_t kMaxImagePixels = int64_t{1} << 25;  // 100 MB of RGB.
inline constexpr int64_t kMaxImageBytes = int64_t{64} << 20;  // Of an encoded file.

// 8 bits per channel, HWC order; one channel (grey) or three (RGB).
struct Image {
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  std::vector<uint8_t> pixels;

  std::string ShapeString() const;  // "32x32x3", height first.
};

// Decodes a JPEG or PNG by its first bytes. Grey files give one channel, all others RGB; alpha is
// laid over black, 16 bits become 8. JPEGs are decoded with the accurate integer DCT and smooth
// chroma upsampling (the defaults of libjpeg-turbo and of Pillow). What other decoders forgive,
// such as a truncated JPEG, is an error: a damaged image is not silently evaluated.
//
// INVALID_ARGUMENT  neither JPEG nor PNG, broken, or larger than the limits above
// UNIMPLEMENTED     a CMYK JPEG
absl::StatusOr<Image> DecodeImage(const std::string& bytes);

}  // namespace boardloop
