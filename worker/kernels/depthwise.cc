#include "worker/kernels/depthwise.h"

#include <memory>
#include <vector>

#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

// A vector register that straddles two cache lines takes twice as long.
constexpr size_t kAlignment = 64;

float* ScratchFor(const DepthwiseShape& shape) {
  thread_local std::vector<float> scratch;
  const auto floats = static_cast<size_t>(DepthwiseScratchFloats(shape));
  const size_t spare = kAlignment / sizeof(float);
  if (scratch.size() < floats + spare) scratch.resize(floats + spare);
  void* aligned = scratch.data();
  size_t space = scratch.size() * sizeof(float);
  return static_cast<float*>(std::align(kAlignment, floats * sizeof(float), aligned, space));
}

}  // namespace

void DepthwiseForward(const DepthwiseShape& shape, const float* x, const float* filter, float* y,
                      const OutputMap& map) {
  ActiveVariant().depthwise_forward(shape, x, filter, map, y, ScratchFor(shape));
}

void DepthwiseBackwardInput(const DepthwiseShape& shape, const float* grad_y, const float* filter,
                            float* grad_x) {
  ActiveVariant().depthwise_backward_input(shape, grad_y, filter, grad_x, ScratchFor(shape));
}

void DepthwiseBackwardFilter(const DepthwiseShape& shape, const float* x, const float* grad_y,
                             float* grad_filter) {
  ActiveVariant().depthwise_backward_filter(shape, x, grad_y, grad_filter, ScratchFor(shape));
}

}  // namespace boardloop::kernels
