#include "core/quant/activations.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/numeric/bits.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/quant/fixed_point_functions.h"
#include "core/quant/requantization.h"

namespace boardloop {
namespace {

constexpr int kInputIntegerBits = 5;  // exp takes Q5.26.
constexpr int kSumIntegerBits = 12;   // Sums of exp are Q12.19.

// One row: `input` and `output` have as many values as there are channels.
void SoftmaxRow(const SoftmaxParams& params, absl::Span<const int8_t> input, int8_t* output) {
  const int32_t max = *std::max_element(input.begin(), input.end());
  int32_t sum = 0;
  for (int32_t q : input) {
    if (q - max < params.lowest_difference) continue;
    int32_t exp = ExpOfNegative(Multiply(q - max, params.multiplier));
    sum += RoundingDivideByPowerOfTwo(exp, kSumIntegerBits);
  }
  // 1 / sum: shifted into [1, 2) it is 1 + x, whose reciprocal is scaled back at the end.
  const int leading_zeros = absl::countl_zero(static_cast<uint32_t>(sum));
  const auto x =
      static_cast<int32_t>((static_cast<uint32_t>(sum) << leading_zeros) - (uint32_t{1} << 31));
  const int32_t reciprocal = OneOverOnePlus(x);
  const int shift = kSumIntegerBits - leading_zeros + 31 - 8;
  const ActivationRange range;
  for (size_t i = 0; i < input.size(); ++i) {
    int32_t probability = 0;
    // A shift over 31 (a sum of 512 or more) leaves less than half a step: 0. TFLite aborts there.
    if (input[i] - max >= params.lowest_difference && shift <= 31) {
      int32_t exp = ExpOfNegative(Multiply(input[i] - max, params.multiplier));
      probability =
          RoundingDivideByPowerOfTwo(SaturatingRoundingDoublingHighMul(reciprocal, exp), shift);
    }
    output[i] = range.Clamp(probability - 128);
  }
}

// round(a * b / 2^15), ties up.
int16_t RoundingHighMul(int16_t a, int16_t b) {
  if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
  return static_cast<int16_t>((int32_t{a} * b + (1 << 14)) >> 15);
}

// a * b / 2^15 rounded toward zero. TFLite's choice: it cancels the bias of the rounding above.
int16_t TruncatingHighMul(int16_t a, int16_t b) {
  if (a == INT16_MIN && b == INT16_MIN) return INT16_MAX;
  return static_cast<int16_t>(int32_t{a} * b / (1 << 15));
}

int16_t SaturatingShiftLeft(int16_t x, int exponent) {
  int64_t wide = int64_t{x} * (int64_t{1} << exponent);
  return static_cast<int16_t>(std::clamp<int64_t>(wide, INT16_MIN, INT16_MAX));
}

int16_t RoundMantissaTo16Bits(int32_t mantissa) {
  constexpr int32_t kHalf = 1 << 15;
  if (mantissa >= std::numeric_limits<int32_t>::max() - kHalf) return INT16_MAX;
  return static_cast<int16_t>((mantissa + kHalf) >> 16);
}

// The gate in Q0.15: 1/2 + x / 6, in [0, 1]. Shifts left in two steps, so that saturation happens
// only in the last and on purpose.
int16_t HardSwishGate(const HardSwishParams& params, int16_t x) {
  const int32_t shift = params.gate_shift;
  if (shift > 0) x = SaturatingShiftLeft(x, shift - 1);
  x = RoundingHighMul(x, params.gate_mantissa);
  if (shift > 0) x = SaturatingShiftLeft(x, 1);
  if (shift < 0) x = static_cast<int16_t>(RoundingDivideByPowerOfTwo(x, -shift));
  return static_cast<int16_t>((x + (1 << 15)) >> 1);
}

}  // namespace

absl::StatusOr<SoftmaxParams> PrepareSoftmax(const Quantization& input, float beta,
                                             int32_t channels) {
  if (channels > kMaxSoftmaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrFormat("softmax over %d channels, at most %d fit", channels, kMaxSoftmaxChannels));
  }
  const double per_step = static_cast<double>(beta) * input.scale;
  if (!(per_step * (1 << 26) > 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "beta %g times input scale %g is too small, must exceed 2^-26", beta, input.scale));
  }
  SoftmaxParams params;
  // A step so large that it is capped makes every value but the maximum 0. The cap is beyond
  // QuantizeMultiplier's range, so it is written down.
  const double multiplier = per_step * (1 << (31 - kInputIntegerBits));
  params.multiplier = IsRepresentableMultiplier(multiplier)
                          ? QuantizeMultiplier(multiplier)
                          : FixedMultiplier{std::numeric_limits<int32_t>::max(), 31};
  const double largest_input = (1 << kInputIntegerBits) - 1;
  params.lowest_difference = -static_cast<int32_t>(
      std::floor(std::ldexp(largest_input, 31 - kInputIntegerBits - params.multiplier.shift)));
  return params;
}

void Softmax(const SoftmaxParams& params, absl::Span<const int8_t> input, int32_t channels,
             absl::Span<int8_t> output) {
  for (size_t i = 0; i < input.size(); i += channels) {
    SoftmaxRow(params, input.subspan(i, channels), output.data() + i);
  }
}

absl::StatusOr<HardSwishParams> PrepareHardSwish(const Quantization& input,
                                                 const Quantization& output) {
  const float input_step = (1.0f / 128.0f) * input.scale;
  const float gate_step = 3.0f / 32768.0f;
  BL_ASSIGN_OR_RETURN(FixedMultiplier to_output, CheckedMultiplier(input_step / output.scale));
  BL_ASSIGN_OR_RETURN(FixedMultiplier to_gate, CheckedMultiplier(input_step / gate_step));
  if (to_output.shift > 0 || to_output.shift < -15 || to_gate.shift < -15) {
    return absl::InvalidArgumentError(
        absl::StrFormat("input scale %g and output scale %g do not fit 16-bit arithmetic: their "
                        "quotient must be in [2^-9, 2^7] and the input scale at least 2^-22",
                        input.scale, output.scale));
  }
  HardSwishParams params;
  params.zero_point_input = input.zero_point;
  params.output_mantissa = RoundMantissaTo16Bits(to_output.mantissa);
  params.output_shift = to_output.shift;
  params.gate_mantissa = RoundMantissaTo16Bits(to_gate.mantissa);
  params.gate_shift = to_gate.shift;
  params.zero_point_output = output.zero_point;
  return params;
}

void HardSwish(const HardSwishParams& params, absl::Span<const int8_t> input,
               absl::Span<int8_t> output) {
  const ActivationRange range;
  for (size_t i = 0; i < input.size(); ++i) {
    const auto x = static_cast<int16_t>((input[i] - params.zero_point_input) * 128);
    const int16_t product =
        TruncatingHighMul(HardSwishGate(params, x), RoundingHighMul(x, params.output_mantissa));
    const int32_t scaled = RoundingDivideByPowerOfTwo(product, -params.output_shift);
    output[i] = range.Clamp(scaled + params.zero_point_output);
  }
}

SigmoidTable MakeSigmoidTable(const Quantization& input) {
  const ActivationRange range;
  SigmoidTable table;
  for (int32_t q = -128; q <= 127; ++q) {
    const float x = input.scale * static_cast<float>(q - input.zero_point);
    const float y = 1.0f / (1.0f + std::exp(-x));
    table[q + 128] = range.Clamp(static_cast<int32_t>(std::round(y * 256)) - 128);
  }
  return table;
}

void Sigmoid(const SigmoidTable& table, absl::Span<const int8_t> input, absl::Span<int8_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = table[input[i] + 128];
}

}  // namespace boardloop
