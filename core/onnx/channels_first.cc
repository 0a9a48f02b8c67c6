#include "core/onnx/channels_first.h"

namespace boardloop::onnx {

std::vector<int8_t> ChannelsFirst(absl::Span<const int8_t> values, int64_t count,
                                  const Shape& shape) {
  const int64_t pixels = int64_t{shape.height} * shape.width;
  const int64_t channels = shape.channels;
  std::vector<int8_t> moved(values.size());
  for (int64_t map = 0; map < count; ++map) {
    const int8_t* from = values.data() + map * pixels * channels;
    int8_t* to = moved.data() + map * pixels * channels;
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        to[channel * pixels + pixel] = from[pixel * channels + channel];
      }
    }
  }
  return moved;
}

bool SameInBothLayouts(const Shape& shape) {
  return shape.channels == 1 || (shape.height == 1 && shape.width == 1);
}

}  // namespace boardloop::onnx
