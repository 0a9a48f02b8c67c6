// Images as JPEG and PNG files, for tests of the decoders.
#pragma once

#include <string>

#include "core/data/image.h"

namespace boardloop {

struct JpegOptions {
  int quality = 100;
  bool progressive = false;
};

std::string EncodeJpeg(const Image& image, const JpegOptions& options = {});
std::string EncodePng(const Image& image);

// A picture of that size with some of everything.
Image TestImage(int32_t height, int32_t width, int32_t channels);

}  // namespace boardloop
