#include "worker/torch/optimizer.h"

#include <algorithm>

namespace boardloop {

void NesterovStep(int64_t decayed, const at::Tensor& weights, const at::Tensor& grad,
                  const at::Tensor& momentum_buffer, double rate, double momentum,
                  double weight_decay) {
  at::NoGradGuard no_grad;
  if (weight_decay > 0 && decayed > 0) {
    grad.narrow(0, 0, decayed).add_(weights.narrow(0, 0, decayed), weight_decay);
  }
  momentum_buffer.mul_(momentum).add_(grad);
  grad.add_(momentum_buffer, momentum);
  weights.sub_(grad, rate);
}

void UpdateAverage(const at::Tensor& average, const at::Tensor& weights, double decay,
                   int64_t step) {
  at::NoGradGuard no_grad;
  const double early = static_cast<double>(1 + step) / static_cast<double>(10 + step);
  average.lerp_(weights, 1 - std::min(decay, early));
}

}  // namespace boardloop
