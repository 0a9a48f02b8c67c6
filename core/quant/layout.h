// Operators that only move int8 values: PAD, CONCATENATION, RESIZE_NEAREST_NEIGHBOR. Their inputs
// and outputs are quantized alike (ValidateModel): TFLite does not rescale int8 in any of them.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"

namespace boardloop {

// `value` is the zero point of the output.
void Pad(const Window& window, int8_t value, absl::Span<const int8_t> input, const Shape& shape,
         absl::Span<int8_t> output);

int32_t Extent(const Shape& shape, Axis axis);

// Copies one input of a concatenation along `axis` to its place, `offset` indices from the start of
// that axis.
void ConcatOne(Axis axis, int32_t offset, absl::Span<const int8_t> input, const Shape& input_shape,
               absl::Span<int8_t> output, const Shape& output_shape);

// The input index that output index `i` copies: TFLite's rule, in float.
int32_t NearestIndex(int32_t i, int32_t input_size, int32_t output_size, bool align_corners,
                     bool half_pixel_centers);

void ResizeNearest(bool align_corners, bool half_pixel_centers, absl::Span<const int8_t> input,
                   const Shape& input_shape, absl::Span<int8_t> output, const Shape& output_shape);

}  // namespace boardloop
