#include "worker/data/resize.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace boardloop {
namespace {

// The inputs that make one output along an axis, with weights that sum to 1.
struct Taps {
  int32_t first = 0;
  std::vector<float> weights;
};

Taps AreaTaps(int32_t out, double scale, int32_t in_extent) {
  const double begin = out * scale, end = std::min<double>((out + 1) * scale, in_extent);
  Taps taps;
  taps.first = static_cast<int32_t>(begin);
  for (int32_t i = taps.first; i < end; ++i) {
    const double covered = std::min<double>(i + 1, end) - std::max<double>(i, begin);
    if (covered > 1e-9) taps.weights.push_back(static_cast<float>(covered / (end - begin)));
  }
  return taps;
}

Taps BilinearTaps(int32_t out, double scale, int32_t in_extent) {
  const double center = std::clamp((out + 0.5) * scale - 0.5, 0.0, in_extent - 1.0);
  Taps taps;
  taps.first = static_cast<int32_t>(center);
  const auto share = static_cast<float>(center - taps.first);
  taps.weights.push_back(1 - share);
  if (share > 0) taps.weights.push_back(share);
  return taps;
}

std::vector<Taps> AxisTaps(int32_t in_extent, int32_t out_extent) {
  const double scale = static_cast<double>(in_extent) / out_extent;
  std::vector<Taps> axis;
  for (int32_t out = 0; out < out_extent; ++out) {
    axis.push_back(scale >= 1 ? AreaTaps(out, scale, in_extent)
                              : BilinearTaps(out, scale, in_extent));
  }
  return axis;
}

}  // namespace

Image Resize(const Image& image, int32_t height, int32_t width) {
  if (image.height == height && image.width == width) return image;
  const int64_t channels = image.channels;
  const std::vector<Taps> columns = AxisTaps(image.width, width);
  const std::vector<Taps> rows = AxisTaps(image.height, height);
  // Columns first, in float; [image.height][width][channels].
  std::vector<float> narrowed(static_cast<size_t>(image.height) * width * channels);
  float* out = narrowed.data();
  for (int32_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + int64_t{y} * image.width * channels;
    for (const Taps& taps : columns) {
      for (int64_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (size_t t = 0; t < taps.weights.size(); ++t) {
          sum += taps.weights[t] * row[(taps.first + static_cast<int64_t>(t)) * channels + c];
        }
        *out++ = sum;
      }
    }
  }
  Image result;
  result.height = height;
  result.width = width;
  result.channels = image.channels;
  const int64_t row_values = width * channels;
  for (const Taps& taps : rows) {
    for (int64_t i = 0; i < row_values; ++i) {
      float sum = 0;
      for (size_t t = 0; t < taps.weights.size(); ++t) {
        sum += taps.weights[t] * narrowed[(taps.first + static_cast<int64_t>(t)) * row_values + i];
      }
      result.pixels.push_back(static_cast<uint8_t>(std::clamp(std::lround(sum), 0L, 255L)));
    }
  }
  return result;
}

Image ConvertChannels(const Image& image, int32_t channels) {
  if (image.channels == channels) return image;
  Image result;
  result.height = image.height;
  result.width = image.width;
  result.channels = channels;
  const int64_t pixels = int64_t{image.height} * image.width;
  for (int64_t i = 0; i < pixels; ++i) {
    const uint8_t* from = image.pixels.data() + i * image.channels;
    if (channels == 1) {
      result.pixels.push_back(
          static_cast<uint8_t>((299 * from[0] + 587 * from[1] + 114 * from[2] + 500) / 1000));
    } else {
      result.pixels.insert(result.pixels.end(), 3, from[0]);
    }
  }
  return result;
}

}  // namespace boardloop
