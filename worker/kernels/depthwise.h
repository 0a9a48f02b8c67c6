// Depthwise convolution (multiplier 1) and its gradients on float tensors of NHWC order, for CPUs.
// LibTorch's backward takes several times as long per MAC as its forward. Plain C++, single-threaded,
// deterministic; callers run several at once.
#pragma once

#include <cstdint>

#include "worker/kernels/output_map.h"

namespace boardloop::kernels {

// Square kernel, padded by kernel / 2 on all sides; output side (in + 2 * (kernel / 2) - kernel) /
// stride + 1.
struct DepthwiseShape {
  int64_t images = 1;
  int64_t height = 1, width = 1;  // Of the input.
  int64_t channels = 1;
  int64_t kernel = 3;  // 3, 5 or 7; any odd number works.
  int64_t stride = 1;  // 1 or 2; any positive number works.

  int64_t output_height() const { return (height + 2 * (kernel / 2) - kernel) / stride + 1; }
  int64_t output_width() const { return (width + 2 * (kernel / 2) - kernel) / stride + 1; }
};

// x [images][height][width][channels], filter [kernel][kernel][channels], y likewise. Overwrites y.
void DepthwiseForward(const DepthwiseShape& shape, const float* x, const float* filter, float* y,
                      const OutputMap& map = OutputMap());

// Gradient of the input from that of the output. Overwrites grad_x.
void DepthwiseBackwardInput(const DepthwiseShape& shape, const float* grad_y, const float* filter,
                            float* grad_x);

// Gradient of the filter, summed over images. Overwrites grad_filter.
void DepthwiseBackwardFilter(const DepthwiseShape& shape, const float* x, const float* grad_y,
                             float* grad_filter);

}  // namespace boardloop::kernels
