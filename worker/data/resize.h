// Images brought to the form of a network's input.
#pragma once

#include <cstdint>

#include "core/data/image.h"

namespace boardloop {

// Another size: smaller extents by the mean of the area each pixel covers, larger ones bilinear
// (half-pixel centers), each axis by itself. Sizes are at least 1.
Image Resize(const Image& image, int32_t height, int32_t width);

// 1 channel: luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). 3 channels: grey repeated.
Image ConvertChannels(const Image& image, int32_t channels);

}  // namespace boardloop
