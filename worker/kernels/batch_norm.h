// Batch normalization with the activation behind it, fused, on float tensors of NHWC order: what a
// MobileNet spends most of its training time on when done operator by operator on a CPU. Plain C++,
// single-threaded, deterministic; callers run several at once.
//
// x is [rows][channels], a row being one pixel of one image: mean[c] and variance[c] (biased) are over
// rows, y = clamp(gamma * (x - mean) / sqrt(variance + epsilon) + beta, low, high).
#pragma once

#include <cstdint>
#include <vector>

#include "worker/kernels/output_map.h"

namespace boardloop::kernels {

// Mean and biased variance per channel. Accurate for |mean| >> deviation.
void ChannelMoments(const float* x, int64_t rows, int64_t channels, float* mean, float* variance);

// The same of rows that come in parts. A part's rows are summed by themselves, so that other parts of the same
// rows may give other last bits.
class MomentSums {
 public:
  // Begins anew, for rows of so many channels.
  void Reset(int64_t channels);
  void Add(const float* x, int64_t rows);
  // After at least one row.
  void Finish(float* mean, float* variance) const;

 private:
  int64_t rows_ = 0;
  std::vector<float>
      shift_;  // The first row: without that shift a large mean would cancel the variance's digits.
  std::vector<double> sums_, square_sums_;
};

// y = clamp(scale * x + shift); y may be x.
void ScaleShiftClamp(const float* x, int64_t rows, int64_t channels, const float* scale,
                     const float* shift, ClampRange range, float* y);

// Gradients of y = clamp(gamma * x_hat + beta) with x_hat = (x - mean) * inv_std and mean, inv_std those
// of x itself.
//   grad_y     [rows][channels], of y. Passes where low < y < high.
//   grad_x     [rows][channels]; may be grad_y
//   grad_gamma, grad_beta  [channels], overwritten
void BatchNormBackward(const float* x, const float* grad_y, int64_t rows, int64_t channels,
                       const float* mean, const float* inv_std, const float* gamma,
                       const float* beta, ClampRange range, float* grad_x, float* grad_gamma,
                       float* grad_beta);

}  // namespace boardloop::kernels
