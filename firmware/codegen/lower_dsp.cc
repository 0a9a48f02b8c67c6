#include <algorithm>
#include <cstdlib>

#include "core/base/status.h"
#include "core/graph/graph.h"
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
