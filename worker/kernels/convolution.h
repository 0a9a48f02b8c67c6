// Convolution over all channels, of one image, on float tensors of NHWC order, for CPUs. Made for the few channels of
// small networks, where LibTorch spends more on the arrangement of data than on sums. Plain C++, single-threaded,
// deterministic: an output is a function of its window alone, and callers run several at once.
#pragma once

#include <cstdint>

#include "worker/kernels/output_map.h"

namespace boardloop::kernels {

// Without padding: the caller has padded the input.
struct ConvolutionShape {
  int64_t height = 1, width = 1;  // Of the input.
  int64_t in = 1, out = 1;        // Channels.
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t stride = 1;

  int64_t output_height() const { return (height - kernel_h) / stride + 1; }
  int64_t output_width() const { return (width - kernel_w) / stride + 1; }
};

// x [height][width][in], filter [kernel_h][kernel_w][in][out] (core/graph's, transposed), y [output_height]
// [output_width][out]. Overwrites y, which is not x. A pointwise convolution is fastest with all pixels in
// one row (height 1).
void ConvolutionForward(const ConvolutionShape& shape, const float* x, const float* filter,
                        const OutputMap& map, float* y);

}  // namespace boardloop::kernels
