// What a convolution does to its sums before it stores them: y = clamp(sum + bias, low, high).
#pragma once

#include <limits>

namespace boardloop::kernels {

// The range of a fused activation; {-infinity, infinity} for none.
struct ClampRange {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

struct OutputMap {
  const float* bias = nullptr;  // [channels]; nullptr: zeros
  ClampRange range;
};

}  // namespace boardloop::kernels
