// TFLite's padding SAME.
#pragma once

#include "core/graph/graph.h"

namespace boardloop::tflite {

// `window` with the padding of SAME for an input of shape `in`: the output has ceil(in / stride)
// elements, and where the padding is odd the larger half comes after. Kernel and stride are set.
Window WithSamePadding(Window window, const Shape& in);

}  // namespace boardloop::tflite
