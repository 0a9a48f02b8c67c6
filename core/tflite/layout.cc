#include "core/tflite/layout.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/tflite/errors.h"

namespace boardloop::tflite {

Layout NaturalLayout(size_t rank) {
  constexpr Dimension kFromLast[] = {Dimension::kChannels, Dimension::kWidth, Dimension::kHeight};
  Layout layout(rank, Dimension::kNone);
  for (size_t i = 0; i < rank && i < 3; ++i) layout[rank - 1 - i] = kFromLast[i];
  return layout;
}

absl::StatusOr<Shape> NaturalShape(const Extents& extents) {
  Shape shape;
  size_t rank = extents.size();
  if (rank >= 1) shape.channels = extents[rank - 1];
  if (rank >= 2) shape.width = extents[rank - 2];
  if (rank >= 3) shape.height = extents[rank - 3];
  for (size_t i = 0; i + 3 < rank; ++i) {
    if (extents[i] == 1) continue;
    return Invalid("shape %s has a batch of %d, must be 1", ToString(extents), extents[i]);
  }
  return shape;
}

int32_t Extent(Dimension dimension, const Shape& shape) {
  switch (dimension) {
    case Dimension::kNone:
      return 1;
    case Dimension::kHeight:
      return shape.height;
    case Dimension::kWidth:
      return shape.width;
    case Dimension::kChannels:
      return shape.channels;
  }
  return 1;
}

bool Describes(const Layout& layout, const Extents& extents, const Shape& shape) {
  if (layout.size() != extents.size()) return false;
  int64_t elements = 1;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (extents[i] != Extent(layout[i], shape)) return false;
    elements *= extents[i];  // Each dimension occurs once: no more than shape.elements().
  }
  return elements == shape.elements();
}

bool InOrder(const Layout& layout, const Shape& shape) {
  Dimension last = Dimension::kNone;
  for (Dimension dimension : layout) {
    if (Extent(dimension, shape) == 1) continue;
    if (dimension < last) return false;
    last = dimension;
  }
  return true;
}

std::string ToString(const Extents& extents) {
  return absl::StrCat("[", absl::StrJoin(extents, ", "), "]");
}

}  // namespace boardloop::tflite
