#include <algorithm>
#include <cstdlib>

#include "core/base/status.h"
#include "core/graph/graph.h"
#include "core/quant/fixed_point.h"
#include "firmware/codegen/lower_dsp_parts.h"
#include "firmware/codegen/lower_dsp_poly.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

std::optional<DspRequantization> MakeDspRequantization(const FixedMultiplier& multiplier,
                                                       int64_t sum_bound, int32_t zero_point) {
  constexpr int64_t kDoubling = int64_t{1} << 30;
  constexpr int64_t kInt32 = int64_t{1} << 31;
  if (sum_bound >= kDoubling) return std::nullopt;
  DspRequantization result;
  // |sum * mantissa / 2^31|, rounded.
  const int64_t product = sum_bound * multiplier.mantissa / kInt32 + 1;
  const int64_t shift = -int64_t{multiplier.shift};
  // Products below one half of the last shift are all 0, as they are with a multiplier of 0.
  const bool vanishes =
      multiplier.mantissa == 0 || (shift >= 2 && product < int64_t{1} << (shift - 1));
  if (!vanishes) {
    if (shift < 1) return std::nullopt;
    result.multiplier = multiplier.mantissa;
    result.shift = static_cast<int32_t>(shift);
  }
  const int64_t rounding = (2 * int64_t{zero_point} + 1) * (int64_t{1} << (result.shift - 1));
  if (std::abs(rounding) + product >= kInt32) return std::nullopt;
  result.rounding = static_cast<int32_t>(rounding);
  result.bound = (vanishes ? 0 : (product >> result.shift) + 1) + std::abs(zero_point);
  return result;
}

int64_t DspSumBound(int64_t weight_sum, int32_t bias, int32_t input_zero_point) {
  const int32_t largest_input = std::max(128 + input_zero_point, 127 - input_zero_point);
  return weight_sum * largest_input + std::abs(int64_t{bias});
}

void DspSumRange::Add(int32_t weight, int32_t input_zero_point) {
  const int64_t a = int64_t{weight} * (-128 - input_zero_point);
  const int64_t b = int64_t{weight} * (127 - input_zero_point);
  lowest += std::min(a, b);
  highest += std::max(a, b);
}

std::optional<int32_t> ConstantDspOutput(const DspSumRange& range,
                                         const FixedMultiplier& multiplier,
                                         int32_t output_zero_point,
                                         const ActivationRange& activation) {
  // Left shifts wrap: outputs do not grow with the sum then.
  if (multiplier.shift > 0) return std::nullopt;
  const auto output = [&](int64_t sum) {
    return activation.Clamp(
        WrappingAdd(Multiply(static_cast<int32_t>(sum), multiplier), output_zero_point));
  };
  const int32_t value = output(range.lowest);
  if (value != output(range.highest)) return std::nullopt;
  return value;
}

DspRequantization ConstantDspRequantization(int32_t value) {
  DspRequantization result;
  result.rounding = 2 * value + 1;
  result.bound = std::abs(value);
  return result;
}

bool IsDspRelu(const ActivationRange& range, int32_t output_zero_point) {
  return range.min == -128 && range.max == 127 && output_zero_point == -128;
}

namespace {

int32_t Output(const DspReluRequantization& relu, int32_t fraction, int64_t sum) {
  const int64_t scaled = sum * (int64_t{1} << relu.scale) + relu.offset;
  const int64_t product = scaled * relu.multiplier >> 32;
  return static_cast<int32_t>((product + relu.rounding) >> fraction);
}

// Whether `relu` gives TFLite's output for all sums of the range. Neither output falls where the
// sum grows, so it is enough to compare them where TFLite's changes.
bool GivesSameOutputs(const DspReluRequantization& relu, int32_t fraction,
                      const FixedMultiplier& multiplier, const DspSumRange& range,
                      int32_t zero_point) {
  const auto clamp = [zero_point](int32_t output) {  // The zero point is the lowest output.
    return std::clamp(output, zero_point, zero_point + 255);
  };
  const auto reference = [&](int64_t sum) {
    return clamp(Multiply(static_cast<int32_t>(sum), multiplier) + zero_point);
  };
  const auto result = [&](int64_t sum) { return clamp(Output(relu, fraction, sum)); };
  for (int64_t first = range.lowest; first <= range.highest;) {
    const int32_t output = reference(first);
    int64_t last = first, beyond = range.highest + 1;
    while (beyond - last > 1) {
      const int64_t middle = last + (beyond - last) / 2;
      (reference(middle) == output ? last : beyond) = middle;
    }
    if (result(first) != output || result(last) != output) return false;
    first = beyond;
  }
  return true;
}

}  // namespace

std::optional<DspReluRequantization> MakeDspReluRequantization(const FixedMultiplier& multiplier,
                                                               const DspSumRange& range,
                                                               int32_t zero_point,
                                                               const DspReluFormat& format) {
  constexpr int64_t kInt32 = int64_t{1} << 31;
  const int64_t bound = std::max(-range.lowest, range.highest);
  if (bound >= kInt32) return std::nullopt;
  const int64_t shift = -int64_t{multiplier.shift};
  // Sums so small that they all give 0.
  if (multiplier.mantissa == 0 ||
      (shift >= 2 && bound * multiplier.mantissa / kInt32 + 1 < int64_t{1} << (shift - 1))) {
    return ConstantDspReluRequantization(zero_point, format);
  }
  if (shift < 1) return std::nullopt;
  const auto exact_scale = static_cast<int32_t>(format.fraction + 1 - shift);
  DspReluRequantization exact;
  exact.multiplier = multiplier.mantissa;
  exact.rounding = zero_point * (1 << format.fraction) + (1 << (format.fraction - 1));
  exact.scale = exact_scale;
  if (exact_scale > format.most_scale) return std::nullopt;
  if (exact_scale >= 2) exact.rounding += 1 << (exact_scale - 2);
  if (exact_scale >= format.least_scale) {
    if (bound << exact_scale >= kInt32) return std::nullopt;
    return exact;
  }
  if (exact_scale < 2 && !format.has_offset) return std::nullopt;
  // The sums that a shorter multiplier rounds differently seldom occur.
  for (int32_t scale = format.least_scale; scale <= format.most_scale; ++scale) {
    if (bound << scale >= kInt32 / 2) break;
    const int32_t lost_bits = scale - exact_scale;
    for (int candidate = 0; candidate < 4 && lost_bits < 31; ++candidate) {
      DspReluRequantization result = exact;
      result.scale = scale;
      result.multiplier = (multiplier.mantissa >> lost_bits) + candidate % 2;
      // What the rounding has no bits for.
      if (exact_scale < 2) {
        result.offset = static_cast<int32_t>((int64_t{1} << (30 + scale)) / multiplier.mantissa) +
                        candidate / 2;
      }
      if (GivesSameOutputs(result, format.fraction, multiplier, range, zero_point)) return result;
    }
  }
  return std::nullopt;
}

DspReluRequantization ConstantDspReluRequantization(int32_t value, const DspReluFormat& format) {
  return {0, value * (1 << format.fraction), format.least_scale, 0};
}

void AppendWord(std::vector<uint8_t>& data, int32_t word) {
  for (int i = 0; i < 4; ++i)
    data.push_back(static_cast<uint8_t>(static_cast<uint32_t>(word) >> (8 * i)));
}

void AppendRequantization(const DspRequantization& requantization, std::vector<uint8_t>& data) {
  AppendWord(data, requantization.multiplier);
  AppendWord(data, requantization.rounding);
  AppendWord(data, requantization.shift);
}

absl::StatusOr<std::vector<LoweredCall>> LowerDsp(const Model& model, const Step& step) {
  const Op& op = model.graph.ops[step.ops[0]];
  if (model.graph.tensors[op.inputs[0]].constant) return std::vector<LoweredCall>();
  switch (op.kind) {
    case OpKind::kConv2d:
      return LowerDspConvolution(model, step);
    case OpKind::kDepthwiseConv2d: {
      BL_ASSIGN_OR_RETURN(std::vector<LoweredCall> calls, LowerPolyDepthwise(model, step));
      if (!calls.empty()) return calls;
      return LowerDspDepthwise(model, step);
    }
    case OpKind::kFullyConnected:
      return LowerDspFullyConnected(model, step);
    default:
      return std::vector<LoweredCall>();
  }
}

}  // namespace boardloop
