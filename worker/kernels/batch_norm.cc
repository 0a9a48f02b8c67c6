#include "worker/kernels/batch_norm.h"

#include <algorithm>
#include <vector>

#include "worker/kernels/variants.h"

namespace boardloop::kernels {

void MomentSums::Reset(int64_t channels) {
  rows_ = 0;
  shift_.resize(static_cast<size_t>(channels));
  sums_.assign(static_cast<size_t>(channels), 0);
  square_sums_.assign(static_cast<size_t>(channels), 0);
}

void MomentSums::Add(const float* x, int64_t rows) {
  const auto channels = static_cast<int64_t>(shift_.size());
  if (rows_ == 0) std::copy_n(x, channels, shift_.data());
  ActiveVariant().moment_sums(x, rows, channels, shift_.data(), sums_.data(), square_sums_.data());
  rows_ += rows;
}

void MomentSums::Finish(float* mean, float* variance) const {
  const auto count = static_cast<double>(rows_);
  for (size_t c = 0; c < shift_.size(); ++c) {
    const double shifted = sums_[c] / count;
    const double spread = square_sums_[c] / count - shifted * shifted;
    mean[c] = static_cast<float>(shift_[c] + shifted);
    variance[c] = static_cast<float>(spread > 0 ? spread : 0);
  }
}

void ChannelMoments(const float* x, int64_t rows, int64_t channels, float* mean, float* variance) {
  thread_local MomentSums sums;
  sums.Reset(channels);
  sums.Add(x, rows);
  sums.Finish(mean, variance);
}

void ScaleShiftClamp(const float* x, int64_t rows, int64_t channels, const float* scale,
                     const float* shift, ClampRange range, float* y) {
  ActiveVariant().scale_shift_clamp(x, rows, channels, scale, shift, range.low, range.high, y);
}

void BatchNormBackward(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                       const float* mean, const float* inv_std, const float* gamma,
                       const float* beta, ClampRange range, float* grad_x, float* grad_gamma,
                       float* grad_beta) {
  thread_local std::vector<double> sums;
  thread_local std::vector<float> numbers;
  sums.assign(static_cast<size_t>(2 * channels), 0);
  numbers.resize(static_cast<size_t>(4 * channels));
  double* products = sums.data() + channels;
  float* scale = numbers.data();
  float *shift = scale + channels, *mean_grad = shift + channels;
  float* mean_product = mean_grad + channels;
  for (int64_t c = 0; c < channels; ++c) {
    scale[c] = gamma[c] * inv_std[c];
    shift[c] = beta[c] - mean[c] * scale[c];
  }
  const Variant& variant = ActiveVariant();
  variant.gradient_sums(x, grad_y, rows, channels, mean, inv_std, scale, shift, range.low,
                        range.high, sums.data(), products);
  const auto count = static_cast<double>(rows);
  for (int64_t c = 0; c < channels; ++c) {
    grad_beta[c] = static_cast<float>(sums[c]);
    grad_gamma[c] = static_cast<float>(products[c]);
    mean_grad[c] = static_cast<float>(sums[c] / count);
    mean_product[c] = static_cast<float>(products[c] / count);
  }
  variant.input_gradient(x, grad_y, rows, channels, mean, inv_std, scale, shift, range.low,
                         range.high, mean_grad, mean_product, grad_x);
}

}  // namespace boardloop::kernels
