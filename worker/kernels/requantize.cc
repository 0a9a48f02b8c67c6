#include "worker/kernels/requantize.h"

#include <vector>

#include "worker/kernels/variants.h"

namespace boardloop::kernels {

void Requantize(const float* sums, int64_t rows, int64_t channels,
                const ChannelMultipliers& multipliers, const OutputRange& range, float* y) {
  ActiveVariant().requantize(sums, rows, channels, multipliers.bias, multipliers.mantissa,
                             multipliers.shift, range.zero_point, range.min, range.max, y);
}

void ScaleShiftClampBackward(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                             const float* scale, const float* shift, ClampRange range,
                             float* grad_x, float* grad_shift) {
  // Batch norm's loops, with statistics that do not depend on x.
  thread_local std::vector<double> sums;
  thread_local std::vector<float> zeros;
  sums.assign(static_cast<size_t>(2 * channels), 0);
  zeros.assign(static_cast<size_t>(channels), 0);
  const Variant& variant = ActiveVariant();
  variant.gradient_sums(x, grad_y, rows, channels, zeros.data(), zeros.data(), scale, shift,
                        range.low, range.high, sums.data(), sums.data() + channels);
  for (int64_t c = 0; c < channels; ++c) grad_shift[c] = static_cast<float>(sums[c]);
  variant.input_gradient(x, grad_y, rows, channels, zeros.data(), zeros.data(), scale, shift,
                         range.low, range.high, zeros.data(), zeros.data(), grad_x);
}

}  // namespace boardloop::kernels
