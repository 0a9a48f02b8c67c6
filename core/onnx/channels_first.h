// From our layouts, channels last, to ONNX's, channels first.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/graph/graph.h"

namespace boardloop::onnx {

// `count` maps of [height][width][channels], each to [channels][height][width]: constants, filters of
// convolutions, and filters of fully connected layers, whose input is flattened in its layout.
std::vector<int8_t> ChannelsFirst(absl::Span<const int8_t> values, int64_t count,
                                  const Shape& shape);

// Whether both layouts have the same order of values.
bool SameInBothLayouts(const Shape& shape);

}  // namespace boardloop::onnx
