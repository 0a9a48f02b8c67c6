#include "core/quant/layout.h"

#include <algorithm>
#include <cmath>

namespace boardloop {

void Pad(const Window& window, int8_t value, absl::Span<const int8_t> input, const Shape& shape,
         absl::Span<int8_t> output) {
  const int64_t row = int64_t{shape.width} * shape.channels;
  const int64_t left = int64_t{window.pad_left} * shape.channels;
  const int64_t right = int64_t{window.pad_right} * shape.channels;
  std::fill(output.begin(), output.end(), value);
  int8_t* out = output.data() + window.pad_top * (left + row + right) + left;
  for (int32_t y = 0; y < shape.height; ++y, out += left + row + right) {
    std::copy_n(input.data() + y * row, row, out);
  }
}

int32_t Extent(const Shape& shape, Axis axis) {
  switch (axis) {
    case Axis::kHeight:
      return shape.height;
    case Axis::kWidth:
      return shape.width;
    case Axis::kChannels:
      break;
  }
  return shape.channels;
}

void ConcatOne(Axis axis, int32_t offset, absl::Span<const int8_t> input, const Shape& input_shape,
               absl::Span<int8_t> output, const Shape& output_shape) {
  // From the axis inwards values are contiguous; `outer` counts what is outside, `inner` the values
  // of one index on the axis.
  int64_t outer = 1;
  if (axis != Axis::kHeight) outer *= input_shape.height;
  if (axis == Axis::kChannels) outer *= input_shape.width;
  const int64_t run = input_shape.elements() / outer;
  const int64_t output_run = output_shape.elements() / outer;
  const int64_t inner = run / Extent(input_shape, axis);
  for (int64_t i = 0; i < outer; ++i) {
    std::copy_n(input.data() + i * run, run, output.data() + i * output_run + offset * inner);
  }
}

int32_t NearestIndex(int32_t i, int32_t input_size, int32_t output_size, bool align_corners,
                     bool half_pixel_centers) {
  const bool between_corners = align_corners && output_size > 1;
  const float scale = static_cast<float>(between_corners ? input_size - 1 : input_size) /
                      static_cast<float>(between_corners ? output_size - 1 : output_size);
  const float position = (static_cast<float>(i) + (half_pixel_centers ? 0.5f : 0.0f)) * scale;
  const auto index =
      static_cast<int32_t>(align_corners ? std::round(position) : std::floor(position));
  return std::clamp(index, 0, input_size - 1);
}

void ResizeNearest(bool align_corners, bool half_pixel_centers, absl::Span<const int8_t> input,
                   const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape) {
  const int64_t channels = input_shape.channels;
  int8_t* out = output.data();
  for (int32_t y = 0; y < output_shape.height; ++y) {
    const int64_t in_y =
        NearestIndex(y, input_shape.height, output_shape.height, align_corners, half_pixel_centers);
    for (int32_t x = 0; x < output_shape.width; ++x) {
      const int64_t in_x =
          NearestIndex(x, input_shape.width, output_shape.width, align_corners, half_pixel_centers);
      out = std::copy_n(input.data() + (in_y * input_shape.width + in_x) * channels, channels, out);
    }
  }
}

}  // namespace boardloop
