#include "worker/kernels/convolution.h"

#include "worker/kernels/variants.h"

namespace boardloop::kernels {

void ConvolutionForward(const ConvolutionShape& shape, const float* x, const float* filter,
                        const OutputMap& map, float* y) {
  ActiveVariant().convolution(shape, x, filter, map, y);
}

}  // namespace boardloop::kernels
