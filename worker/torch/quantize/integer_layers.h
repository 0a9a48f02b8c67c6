// int8 operators on tensors of floats that hold integers: sums without any error, and the fixed-point arithmetic
// of core/quant behind them, bit for bit, on any device. Differentiable: gradients are those of the real functions
// that the integers stand for (straight-through estimator, Bengio et al. 2013).
//
// Values are centered, x = q - zero point, so that padding is 0 and a real number is scale * x. Feature maps are
// [n][c][height][width] with channels-last strides.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "core/quant/elementwise.h"
#include "core/quant/requantization.h"
#include "torch/types.h"

namespace boardloop {

// Up to here every integer is a float. A sum of products whose absolute values add up to no more is exact in
// any order of its terms, so no library's order matters.
inline constexpr int64_t kExactInFloat = int64_t{1} << 24;

// Sums of a convolution or a fully connected operator, without bias: float32, or float64 with `in_double`, which is
// for sums beyond kExactInFloat.
// filter   integers, laid out as core/graph lays it out
at::Tensor SumDense(const at::Tensor& x, const at::Tensor& filter, const Window& window,
                    bool in_double);
at::Tensor SumDepthwise(const at::Tensor& x, const at::Tensor& filter, const Window& window,
                        bool in_double);
at::Tensor SumFullyConnected(const at::Tensor& x, const at::Tensor& filter, bool in_double);
// Over height and width: [n][c][1][1].
at::Tensor SumPlane(const at::Tensor& x, bool in_double);

// From sums to outputs, by output channel: [c] each, on the device of the sums.
struct Requantization {
  at::Tensor bias;             // int32
  at::Tensor mantissa, shift;  // int32: FixedMultiplier
  at::Tensor real_multiplier;  // float64, in place of these two: FULLY_CONNECTED
  at::Tensor scale, offset;    // float: output = scale * sum + offset, before it is rounded
  int32_t zero_point = 0;
  ActivationRange range;

  float low() const { return static_cast<float>(range.min - zero_point); }
  float high() const { return static_cast<float>(range.max - zero_point); }
};

// clamp(zero_point + (sums + bias) * multiplier) - zero_point. The gradient passes where the output before rounding is
// strictly inside the clamp.
// bias_leaf  receives the gradient of `requantization.bias`; its own values are not looked at; may be undefined
at::Tensor Requantize(const at::Tensor& sums, const at::Tensor& bias_leaf,
                      const Requantization& requantization);

// ADD, of tensors of one shape.
struct Addition {
  at::Tensor table_a, table_b;  // [511] int32, by x + 255: the operands' rescaled values.
  FixedMultiplier multiplier;
  float scale_a = 1, scale_b = 1;  // output = scale_a * a + scale_b * b, before it is rounded.
  int32_t zero_point = 0;
  ActivationRange range;
};

Addition MakeAddition(const AddParams& params, const Quantization& a, const Quantization& b,
                      const Quantization& output, const at::Device& device);
at::Tensor AddIntegers(const at::Tensor& a, const at::Tensor& b, const Addition& addition);

}  // namespace boardloop
