// From an accumulator or an operator's inner scale to int8: what most operators end with.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/quant/fixed_point.h"

namespace boardloop {

// The quantized range that a fused activation leaves, inclusive.
struct ActivationRange {
  int32_t min = -128;
  int32_t max = 127;

  int8_t Clamp(int32_t x) const { return static_cast<int8_t>(std::min(std::max(x, min), max)); }
};

// Bounds are zero_point + round(bound / scale), with the division in float, as TFLite does it. The
// range always holds the zero point.
//
// INVALID_ARGUMENT  a scale so small that a bound does not fit int32
absl::StatusOr<ActivationRange> QuantizeActivation(Activation activation,
                                                   const Quantization& output);

// QuantizeMultiplier for a multiplier that comes from a file.
//
// INVALID_ARGUMENT  not in [0, 2^30); the message has the multiplier
absl::StatusOr<FixedMultiplier> CheckedMultiplier(double multiplier);

// As CheckedMultiplier, for those that TFLite wants in (0, 1).
absl::StatusOr<FixedMultiplier> CheckedMultiplierBelowOne(double multiplier);

}  // namespace boardloop
