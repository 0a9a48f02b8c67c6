// SOFTMAX, HARD_SWISH and LOGISTIC.
#pragma once

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/quant/fixed_point.h"

namespace boardloop {

// Outputs of SOFTMAX and LOGISTIC have the scale 1/256 and the zero point -128 (ValidateModel).

// Output i is round(256 * exp(x_i) / sum exp(x)) - 128, where x = beta * scale * (q - max q), in
// the fixed-point functions of fixed_point_functions.h. The output's scale is 1/256, its zero point
// -128.
struct SoftmaxParams {
  FixedMultiplier multiplier;     // From q - max q to Q5.26.
  int32_t lowest_difference = 0;  // Below it exp counts as 0.
};

// INVALID_ARGUMENT  beta * input scale at most 2^-26; more than kMaxSoftmaxChannels channels, whose
//                   sum of exp may not fit Q12.19
inline constexpr int32_t kMaxSoftmaxChannels = 4095;
absl::StatusOr<SoftmaxParams> PrepareSoftmax(const Quantization& input, float beta,
                                             int32_t channels);

// Over each run of `channels` values.
void Softmax(const SoftmaxParams& params, absl::Span<const int8_t> input, int32_t channels,
             absl::Span<int8_t> output);

// x * min(max(x + 3, 0), 6) / 6 in 16-bit fixed point.
struct HardSwishParams {
  int32_t zero_point_input = 0;
  int16_t output_mantissa = 0;  // From the input's scale / 128 to the output's, Q0.15 ...
  int32_t output_shift = 0;     // ... and a power of two, at most 0.
  int16_t gate_mantissa = 0;    // From the input's scale / 128 to 3 / 32768: 3.0 is 32768.
  int32_t gate_shift = 0;
  int32_t zero_point_output = 0;
};

// INVALID_ARGUMENT  scales whose quotients do not fit the 16-bit arithmetic
absl::StatusOr<HardSwishParams> PrepareHardSwish(const Quantization& input,
                                                 const Quantization& output);
void HardSwish(const HardSwishParams& params, absl::Span<const int8_t> input,
               absl::Span<int8_t> output);

// Output by input value, [q + 128]: the reference kernel for LOGISTIC is a table made in float.
using SigmoidTable = std::array<int8_t, 256>;

SigmoidTable MakeSigmoidTable(const Quantization& input);
void Sigmoid(const SigmoidTable& table, absl::Span<const int8_t> input, absl::Span<int8_t> output);

}  // namespace boardloop
