#include "core/quant/requantization.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

absl::StatusOr<int32_t> QuantizeBound(float bound, const Quantization& output) {
  float steps = std::round(bound / output.scale);
  // 2^30 leaves room for the zero point; the test is false for NaN.
  if (!(std::abs(steps) <= static_cast<float>(1 << 30))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "output scale %g is too small for an activation bound of %g", output.scale, bound));
  }
  return output.zero_point + static_cast<int32_t>(steps);
}

}  // namespace

absl::StatusOr<ActivationRange> QuantizeActivation(Activation activation,
                                                   const Quantization& output) {
  ActivationRange range;
  if (activation == Activation::kNone) return range;
  float low = activation == Activation::kReluN1To1 ? -1.0f : 0.0f;
  BL_ASSIGN_OR_RETURN(int32_t min, QuantizeBound(low, output));
  range.min = std::max(range.min, min);
  if (activation != Activation::kRelu) {
    float high = activation == Activation::kRelu6 ? 6.0f : 1.0f;
    BL_ASSIGN_OR_RETURN(int32_t max, QuantizeBound(high, output));
    range.max = std::min(range.max, max);
  }
  return range;
}

absl::StatusOr<FixedMultiplier> CheckedMultiplier(double multiplier) {
  if (!IsRepresentableMultiplier(multiplier)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the scales give a multiplier of %g, must be in [0, 2^30)", multiplier));
  }
  return QuantizeMultiplier(multiplier);
}

absl::StatusOr<FixedMultiplier> CheckedMultiplierBelowOne(double multiplier) {
  FixedMultiplier fixed;
  if (multiplier > 0 && multiplier < 1) fixed = QuantizeMultiplier(multiplier);
  // Just below 1 the mantissa may round up to 2^31, which is a left shift: TFLite refuses it too.
  if (!(multiplier > 0 && multiplier < 1) || fixed.shift > 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the scales give a multiplier of %g, must be in (0, 1)", multiplier));
  }
  return fixed;
}

}  // namespace boardloop
