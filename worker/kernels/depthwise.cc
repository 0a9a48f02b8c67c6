#include "worker/kernels/depthwise.h"

#include <vector>

#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

float* ScratchFor(const DepthwiseShape& shape) {
  thread_local std::vector<float> scratch;
  const auto floats = static_cast<size_t>(DepthwiseScratchFloats(shape));
  if (scratch.size() < floats) scratch.resize(floats);
  return scratch.data();
}

}  // namespace

void DepthwiseForward(const DepthwiseShape& shape, const float* x, const float* filter, float* y) {
  ActiveVariant().depthwise_forward(shape, x, filter, y, ScratchFor(shape));
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
