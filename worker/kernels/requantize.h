// From the sums of an int8 operator to its outputs, on float tensors of NHWC order that hold integers: the
// arithmetic of core/quant (fixed_point.h) bit for bit, for simulated quantization on CPUs. Plain C++,
// single-threaded, deterministic; callers run several at once.
#pragma once

#include <cstdint>

#include "worker/kernels/batch_norm.h"

namespace boardloop::kernels {

// By output channel, [channels] each.
struct ChannelMultipliers {
  const int32_t* bias;
  const int32_t* mantissa;  // FixedMultiplier's; >= 0
  const int32_t* shift;     // In [-31, 30].
};

// Of the outputs, inclusive; within int8.
struct OutputRange {
  int32_t zero_point;
  int32_t min;
  int32_t max;
};

// y = clamp(zero_point + (sum + bias) * multiplier) - zero_point, with core/quant's two roundings.
// sums  [rows][channels]; integers with |sum| < 2^24, so that float holds them, and sum + bias in int32
// y     [rows][channels]; may be `sums`
void Requantize(const float* sums, int64_t rows, int64_t channels,
                const ChannelMultipliers& multipliers, const OutputRange& range, float* y);

// Gradients of y = clamp(scale * x + shift, low, high), of which Requantize is the rounded form.
//   grad_y      [rows][channels]. Passes where low < y < high.
//   grad_x      [rows][channels]; may be grad_y
//   grad_shift  [channels], overwritten
void ScaleShiftClampBackward(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                             const float* scale, const float* shift, ClampRange range,
                             float* grad_x, float* grad_shift);

}  // namespace boardloop::kernels
