// The layers of a MobileNet as differentiable functions. On CPU tensors they run the fused kernels of
// worker/kernels, elsewhere LibTorch's own operators; both give the same values and gradients up to
// rounding (tests/worker/torch/layers_test.cc).
//
// x is [n][c][height][width] with channels-last strides, and so is every result.
#pragma once

#include "core/graph/graph.h"
#include "torch/types.h"

namespace boardloop {

inline constexpr double kBatchNormEpsilon = 1e-5;  // As MCUNet's networks.

// Of one batch, [c] each; the variance is biased.
struct Moments {
  at::Tensor mean;
  at::Tensor variance;
};

// Convolution without bias. `filter` as core/graph: [out][kh][kw][in].
at::Tensor Convolution(const at::Tensor& x, const at::Tensor& filter, const Window& window);

// `filter` as core/graph: [k][k][c].
at::Tensor DepthwiseConvolution2d(const at::Tensor& x, const at::Tensor& filter,
                                  const Window& window);

// Batch normalization by the statistics of x itself, and the activation behind it. With `moments`, which
// is only for calls without gradients, these statistics are returned too.
at::Tensor BatchNormActivation(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                               Activation activation, Moments* moments = nullptr);

// x + bias, then the activation; in place where no gradient is needed.
at::Tensor BiasActivation(at::Tensor x, const at::Tensor& bias, Activation activation);

// Whether float tensors of `device` go through worker/kernels.
bool UsesKernels(const at::Device& device);

// Turns the fused kernels off, for comparing them with LibTorch's operators. Not for use while layers run.
void UseLibTorchLayers(bool use);

}  // namespace boardloop
