// Element-wise int8 operators: ADD, MUL, and QUANTIZE (a change of scale, or a lone ReLU).
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/graph/model.h"
#include "core/quant/fixed_point.h"
#include "core/quant/requantization.h"

namespace boardloop {

// out = clamp(zp + output * (a * (qa - zpa) * 2^20 + b * (qb - zpb) * 2^20)), each product rounded.
struct AddParams {
  static constexpr int kLeftShift = 20;  // Headroom: |q - zp| < 2^8, two of them, 2^29 < 2^31.
  int32_t zero_point_a = 0;
  int32_t zero_point_b = 0;
  FixedMultiplier multiplier_a;  // scale / (2 * max scale): at most 1/2.
  FixedMultiplier multiplier_b;
  FixedMultiplier multiplier_output;
  int32_t zero_point_output = 0;
  ActivationRange range;
};

// out = clamp(zp + multiplier * (qa - zpa) * (qb - zpb))
struct MulParams {
  int32_t zero_point_a = 0;
  int32_t zero_point_b = 0;
  FixedMultiplier multiplier;
  int32_t zero_point_output = 0;
  ActivationRange range;
};

// out = clamp(zp + multiplier * (q - zp_in))
struct QuantizeParams {
  int32_t zero_point_input = 0;
  FixedMultiplier multiplier;
  int32_t zero_point_output = 0;
  ActivationRange range;
};

// INVALID_ARGUMENT  scales outside what the fixed-point arithmetic represents
absl::StatusOr<AddParams> PrepareAdd(const Quantization& a, const Quantization& b,
                                     const Quantization& output, Activation activation);
absl::StatusOr<MulParams> PrepareMul(const Quantization& a, const Quantization& b,
                                     const Quantization& output, Activation activation);
absl::StatusOr<QuantizeParams> PrepareQuantize(const Quantization& input,
                                               const Quantization& output, Activation activation);

// Operands broadcast: each extent is that of the output, or 1. HWC order.
struct Operand {
  absl::Span<const int8_t> data;
  Shape shape;
};
void Add(const AddParams& params, const Operand& a, const Operand& b, const Shape& output_shape,
         absl::Span<int8_t> output);
void Mul(const MulParams& params, const Operand& a, const Operand& b, const Shape& output_shape,
         absl::Span<int8_t> output);
void Quantize(const QuantizeParams& params, absl::Span<const int8_t> input,
              absl::Span<int8_t> output);

}  // namespace boardloop
