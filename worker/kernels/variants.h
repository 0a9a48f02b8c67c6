// The kernels compiled for several instruction sets, and the choice among them. Everything is compiled for
// the oldest processors that the project supports; these loops alone are compiled again for newer ones
// (CMakeLists.txt), which makes them several times as fast.
#pragma once

#include <string>
#include <vector>

#include "worker/kernels/batch_norm.h"
#include "worker/kernels/convolution.h"
#include "worker/kernels/depthwise.h"
#include "worker/kernels/output_map.h"

namespace boardloop::kernels {

// Pointers into the objects of one instruction set. `scratch` is memory of the caller, as much as the
// ...ScratchFloats functions say.
struct Variant {
  const char* name;

  // sums and square_sums [channels] over rows of x - shift, added to what they hold.
  void (*moment_sums)(const float* x, int64_t rows, int64_t channels, const float* shift,
                      double* sums, double* square_sums);
  void (*scale_shift_clamp)(const float* x, int64_t rows, int64_t channels, const float* scale,
                            const float* shift, float low, float high, float* y);
  // grad_sums and product_sums [channels]: of the gradient that passes the clamp, and of it times x_hat;
  // added to what they hold. scale and shift are those of y = scale * x + shift.
  void (*gradient_sums)(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                        const float* mean, const float* inv_std, const float* scale,
                        const float* shift, float low, float high, double* grad_sums,
                        double* product_sums);
  // grad_x = scale * (g - mean_grad - x_hat * mean_product)
  void (*input_gradient)(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                         const float* mean, const float* inv_std, const float* scale,
                         const float* shift, float low, float high, const float* mean_grad,
                         const float* mean_product, float* grad_x);

  void (*depthwise_forward)(const DepthwiseShape& shape, const float* x, const float* filter,
                            const OutputMap& map, float* y, float* scratch);
  void (*depthwise_backward_input)(const DepthwiseShape& shape, const float* grad_y,
                                   const float* filter, float* grad_x, float* scratch);
  void (*depthwise_backward_filter)(const DepthwiseShape& shape, const float* x,
                                    const float* grad_y, float* grad_filter, float* scratch);

  void (*convolution)(const ConvolutionShape& shape, const float* x, const float* filter,
                      const OutputMap& map, float* y);

  // requantize.h
  void (*requantize)(const float* sums, int64_t rows, int64_t channels, const int32_t* bias,
                     const int32_t* mantissa, const int32_t* shift, int32_t zero_point, int32_t min,
                     int32_t max, float* y);
};

// Floats of scratch that the depthwise functions need.
int64_t DepthwiseScratchFloats(const DepthwiseShape& shape);

// Those that this processor can run, the fastest last.
std::vector<const Variant*> SupportedVariants();

// The one in use: the fastest, unless a test has chosen another.
const Variant& ActiveVariant();
void UseVariant(const Variant* variant);  // nullptr: the fastest again.

}  // namespace boardloop::kernels
