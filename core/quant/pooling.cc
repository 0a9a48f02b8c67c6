#include "core/quant/pooling.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

absl::Status CheckSummable(int64_t count) {
  constexpr int64_t kMaxCount = int64_t{1} << 23;  // |q - zp| < 2^8: the sum stays below 2^31.
  if (count <= kMaxCount) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the sum of %d values may not fit int32, at most %d do", count, kMaxCount));
}

// The part of a window that lies in the input, as [begin, end) rows and columns.
struct Clip {
  Clip(const Window& window, const Shape& input, int32_t out_y, int32_t out_x) {
    const int64_t y = int64_t{out_y} * window.stride_h - window.pad_top;
    const int64_t x = int64_t{out_x} * window.stride_w - window.pad_left;
    y_begin = std::max<int64_t>(y, 0);
    y_end = std::min<int64_t>(y + window.kernel_h, input.height);
    x_begin = std::max<int64_t>(x, 0);
    x_end = std::min<int64_t>(x + window.kernel_w, input.width);
  }
  int64_t count() const {
    return std::max<int64_t>(0, y_end - y_begin) * std::max<int64_t>(0, x_end - x_begin);
  }
  int64_t y_begin, y_end, x_begin, x_end;
};

// Folds each window channel by channel from `start` and writes finish(value, count).
template <typename Fold, typename Finish>
void Pool(const Window& window, absl::Span<const int8_t> input, const Shape& input_shape,
          absl::Span<int8_t> output, const Shape& output_shape, int32_t start, Fold fold,
          Finish finish) {
  const int64_t channels = input_shape.channels;
  std::vector<int32_t> values(channels);
  int8_t* out = output.data();
  for (int32_t out_y = 0; out_y < output_shape.height; ++out_y) {
    for (int32_t out_x = 0; out_x < output_shape.width; ++out_x) {
      const Clip clip(window, input_shape, out_y, out_x);
      std::fill(values.begin(), values.end(), start);
      for (int64_t y = clip.y_begin; y < clip.y_end; ++y) {
        for (int64_t x = clip.x_begin; x < clip.x_end; ++x) {
          const int8_t* pixel = input.data() + (y * input_shape.width + x) * channels;
          for (int64_t c = 0; c < channels; ++c) values[c] = fold(values[c], pixel[c]);
        }
      }
      for (int64_t c = 0; c < channels; ++c) *out++ = finish(values[c], clip.count());
    }
  }
}

// What each value of a mean averages over, as the window of a pool.
Window MeanWindow(const Shape& input, const Shape& output) {
  Window window;
  window.kernel_h = input.height / output.height;
  window.kernel_w = input.width / output.width;
  return window;
}

int64_t MeanCount(const Window& window) { return int64_t{window.kernel_h} * window.kernel_w; }

}  // namespace

absl::StatusOr<ActivationRange> PreparePool(const Op& op, const Quantization& output) {
  BL_RETURN_IF_ERROR(CheckSummable(int64_t{op.window.kernel_h} * op.window.kernel_w));
  return QuantizeActivation(op.activation, output);
}

void AveragePool(const ActivationRange& range, const Window& window, absl::Span<const int8_t> input,
                 const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape) {
  auto finish = [&range](int32_t sum, int64_t count) {
    const int64_t half = sum > 0 ? count / 2 : -(count / 2);
    return range.Clamp(static_cast<int32_t>((sum + half) / count));
  };
  Pool(
      window, input, input_shape, output, output_shape, 0,
      [](int32_t sum, int32_t q) { return sum + q; }, finish);
}

void MaxPool(const ActivationRange& range, const Window& window, absl::Span<const int8_t> input,
             const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape) {
  Pool(
      window, input, input_shape, output, output_shape, -128,
      [](int32_t max, int32_t q) { return std::max(max, q); },
      [&range](int32_t max, int64_t) { return range.Clamp(max); });
}

absl::StatusOr<MeanParams> PrepareMean(const Quantization& input, const Quantization& output,
                                       const Shape& input_shape, const Shape& output_shape) {
  const int64_t count = MeanCount(MeanWindow(input_shape, output_shape));
  BL_RETURN_IF_ERROR(CheckSummable(count));
  MeanParams params;
  params.zero_point_input = input.zero_point;
  params.zero_point_output = output.zero_point;
  BL_ASSIGN_OR_RETURN(params.multiplier,
                      CheckedMultiplier(static_cast<double>(input.scale) / output.scale));
  // Divides by the count, keeping as many bits of the mantissa as the shift allows.
  int32_t shift = 0;
  while (int64_t{2} << shift <= count) ++shift;  // floor(log2(count))
  shift = std::min(shift, 31 + params.multiplier.shift);
  params.multiplier.mantissa =
      static_cast<int32_t>((int64_t{params.multiplier.mantissa} << shift) / count);
  params.multiplier.shift -= shift;
  return params;
}

void Mean(const MeanParams& params, absl::Span<const int8_t> input, const Shape& input_shape,
          absl::Span<int8_t> output, const Shape& output_shape) {
  const Window window = MeanWindow(input_shape, output_shape);
  const auto start = static_cast<int32_t>(-MeanCount(window) * params.zero_point_input);
  const ActivationRange range;
  Pool(
      window, input, input_shape, output, output_shape, start,
      [](int32_t sum, int32_t q) { return sum + q; },
      [&](int32_t sum, int64_t) {
        return range.Clamp(WrappingAdd(Multiply(sum, params.multiplier), params.zero_point_output));
      });
}

}  // namespace boardloop
