#include "core/quant/elementwise.h"

#include <algorithm>
#include <cstddef>

#include "core/base/status.h"

namespace boardloop {
namespace {

// Distances between neighbours of an operand along each axis of the output: 0 where it is
// broadcast.
struct Strides {
  explicit Strides(const Shape& shape)
      : row(shape.height > 1 ? int64_t{shape.width} * shape.channels : 0),
        column(shape.width > 1 ? shape.channels : 0),
        channel(shape.channels > 1 ? 1 : 0) {}
  int64_t row, column, channel;
};

template <typename Function>
void ForEachPair(const Operand& a, const Operand& b, const Shape& output_shape,
                 absl::Span<int8_t> output, Function function) {
  const Strides stride_a(a.shape);
  const Strides stride_b(b.shape);
  int8_t* out = output.data();
  for (int32_t y = 0; y < output_shape.height; ++y) {
    for (int32_t x = 0; x < output_shape.width; ++x) {
      const int8_t* pixel_a = a.data.data() + y * stride_a.row + x * stride_a.column;
      const int8_t* pixel_b = b.data.data() + y * stride_b.row + x * stride_b.column;
      for (int32_t c = 0; c < output_shape.channels; ++c) {
        *out++ = function(pixel_a[c * stride_a.channel], pixel_b[c * stride_b.channel]);
      }
    }
  }
}

}  // namespace

absl::StatusOr<AddParams> PrepareAdd(const Quantization& a, const Quantization& b,
                                     const Quantization& output, Activation activation) {
  const double twice_max = 2.0 * std::max(a.scale, b.scale);
  const double headroom = 1 << AddParams::kLeftShift;
  AddParams params;
  params.zero_point_a = a.zero_point;
  params.zero_point_b = b.zero_point;
  params.zero_point_output = output.zero_point;
  BL_ASSIGN_OR_RETURN(params.multiplier_a, CheckedMultiplierBelowOne(a.scale / twice_max));
  BL_ASSIGN_OR_RETURN(params.multiplier_b, CheckedMultiplierBelowOne(b.scale / twice_max));
  BL_ASSIGN_OR_RETURN(params.multiplier_output,
                      CheckedMultiplierBelowOne(twice_max / (headroom * output.scale)));
  BL_ASSIGN_OR_RETURN(params.range, QuantizeActivation(activation, output));
  return params;
}

absl::StatusOr<MulParams> PrepareMul(const Quantization& a, const Quantization& b,
                                     const Quantization& output, Activation activation) {
  MulParams params;
  params.zero_point_a = a.zero_point;
  params.zero_point_b = b.zero_point;
  params.zero_point_output = output.zero_point;
  // TFLite multiplies and divides the float scales as floats.
  const float multiplier = a.scale * b.scale / output.scale;
  BL_ASSIGN_OR_RETURN(params.multiplier, CheckedMultiplier(multiplier));
  BL_ASSIGN_OR_RETURN(params.range, QuantizeActivation(activation, output));
  return params;
}

absl::StatusOr<QuantizeParams> PrepareQuantize(const Quantization& input,
                                               const Quantization& output, Activation activation) {
  QuantizeParams params;
  params.zero_point_input = input.zero_point;
  params.zero_point_output = output.zero_point;
  // TFLite's QUANTIZE divides as doubles, its RELU family as floats.
  const double multiplier = activation == Activation::kNone
                                ? static_cast<double>(input.scale) / output.scale
                                : input.scale / output.scale;
  BL_ASSIGN_OR_RETURN(params.multiplier, CheckedMultiplier(multiplier));
  BL_ASSIGN_OR_RETURN(params.range, QuantizeActivation(activation, output));
  return params;
}

void Add(const AddParams& params, const Operand& a, const Operand& b, const Shape& output_shape,
         absl::Span<int8_t> output) {
  ForEachPair(a, b, output_shape, output, [&params](int32_t qa, int32_t qb) {
    constexpr int32_t kHeadroom = 1 << AddParams::kLeftShift;
    int32_t real_a = Multiply((qa - params.zero_point_a) * kHeadroom, params.multiplier_a);
    int32_t real_b = Multiply((qb - params.zero_point_b) * kHeadroom, params.multiplier_b);
    int32_t sum = Multiply(real_a + real_b, params.multiplier_output);
    return params.range.Clamp(sum + params.zero_point_output);
  });
}

void Mul(const MulParams& params, const Operand& a, const Operand& b, const Shape& output_shape,
         absl::Span<int8_t> output) {
  ForEachPair(a, b, output_shape, output, [&params](int32_t qa, int32_t qb) {
    int32_t product = (qa - params.zero_point_a) * (qb - params.zero_point_b);
    return params.range.Clamp(
        WrappingAdd(Multiply(product, params.multiplier), params.zero_point_output));
  });
}

void Quantize(const QuantizeParams& params, absl::Span<const int8_t> input,
              absl::Span<int8_t> output) {
  for (size_t i = 0; i < input.size(); ++i) {
    int32_t scaled = Multiply(input[i] - params.zero_point_input, params.multiplier);
    output[i] = params.range.Clamp(WrappingAdd(scaled, params.zero_point_output));
  }
}

}  // namespace boardloop
