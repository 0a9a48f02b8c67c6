// Stochastic gradient descent with Nesterov momentum on the flat tensor of all parameters.
#pragma once

#include "torch/types.h"

namespace boardloop {

// momentum' = mu * momentum + (grad + decay * weights);  weights' = weights - rate * (grad + decay * weights
// + mu * momentum'), the form that LibTorch and Sutskever et al. 2013 use. Weight decay acts on the first
// `decayed` elements. `grad` is overwritten.
void NesterovStep(int64_t decayed, const at::Tensor& weights, const at::Tensor& grad,
                  const at::Tensor& momentum_buffer, double rate, double momentum,
                  double weight_decay);

// average' = decay * average + (1 - decay) * weights. In the first steps less of the average is kept, (1 +
// step) / (10 + step), or it would be made of the random start.
void UpdateAverage(const at::Tensor& average, const at::Tensor& weights, double decay,
                   int64_t step);

}  // namespace boardloop
