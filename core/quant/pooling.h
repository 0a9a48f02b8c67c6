// AVERAGE_POOL_2D, MAX_POOL_2D and MEAN over height, width or both.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/quant/fixed_point.h"
#include "core/quant/requantization.h"

namespace boardloop {

// Pools keep the quantization (ValidateModel): only the activation's clamp is needed. The average
// rounds to the nearest, ties away from zero, and leaves padding out of its count.
//
// INVALID_ARGUMENT  a window of so many values that their sum could leave int32
absl::StatusOr<ActivationRange> PreparePool(const Op& op, const Quantization& output);

// Every window holds at least one value of the input (InferShape).
void AveragePool(const ActivationRange& range, const Window& window, absl::Span<const int8_t> input,
                 const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape);
void MaxPool(const ActivationRange& range, const Window& window, absl::Span<const int8_t> input,
             const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape);

// out = clamp(zp_out + multiplier * (sum(q) - count * zp_in)); the multiplier has 1 / count in it.
struct MeanParams {
  int32_t zero_point_input = 0;
  FixedMultiplier multiplier;  // The mantissa may be below 2^30: TFLite divides it, rounding down.
  int32_t zero_point_output = 0;
};

// INVALID_ARGUMENT  scales out of range, or so many elements that their sum could leave int32
absl::StatusOr<MeanParams> PrepareMean(const Quantization& input, const Quantization& output,
                                       const Shape& input_shape, const Shape& output_shape);

// Averages over height or width wherever `output_shape` has 1 of it (InferShape).
void Mean(const MeanParams& params, absl::Span<const int8_t> input, const Shape& input_shape,
          absl::Span<int8_t> output, const Shape& output_shape);

}  // namespace boardloop
