// How the dimensions of a .tflite tensor, of any rank, lie on the height, width and channels of a
// Shape.
//
// A tensor's layout says for each of its dimensions which of the three it is. The natural layout
// puts the last dimension on the channels, the one before on the width, the one before that on the
// height; dimensions in front (the batch) lie on none and are 1. [1, 10] is thus 1x1x10, and [1,
// 96, 96, 3] is 96x96x3. Only TRANSPOSE and a MEAN that drops dimensions make other layouts.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "core/graph/graph.h"

namespace boardloop::tflite {

enum class Dimension : uint8_t { kNone, kHeight, kWidth, kChannels };
using Layout = absl::InlinedVector<Dimension, 4>;
using Extents = absl::InlinedVector<int32_t, 4>;  // Each in [1, kMaxDimension].

Layout NaturalLayout(size_t rank);

// INVALID_ARGUMENT  a dimension in front of the last three is not 1
absl::StatusOr<Shape> NaturalShape(const Extents& extents);

int32_t Extent(Dimension dimension, const Shape& shape);

// Whether a tensor of these extents, laid out so, holds exactly the elements of `shape`.
bool Describes(const Layout& layout, const Extents& extents, const Shape& shape);

// Whether the elements are stored in the order of `shape`: leaving out extents of 1, height comes
// before width and width before channels.
bool InOrder(const Layout& layout, const Shape& shape);

// "[1, 96, 96, 3]"
std::string ToString(const Extents& extents);

}  // namespace boardloop::tflite
