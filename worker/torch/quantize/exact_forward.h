// A network's int8 activations as LibTorch tensors, computed by core/quant itself: simulated quantization
// cannot differ from the board's arithmetic, because there is no second one.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/quant/interpreter.h"
#include "torch/types.h"
#include "worker/torch/network.h"

namespace boardloop {

// The real values, scale * (q - zero point), that each operator's output has in int8 arithmetic, by operator:
// [n][c][height][width] float with channels-last strides, [n][classes] for a fully connected one.
// images  [n][c][height][width] with channels-last strides; bytes / 255, as DeviceData gives them
absl::StatusOr<std::vector<at::Tensor>> ExactOutputs(const Model& model, Interpreter& interpreter,
                                                     const at::Tensor& images);

// The forward pass of quantization-aware training: values are those of `exact`, gradients are those of the
// float operators, each of which sees the exact values of its inputs (straight-through estimator, Bengio et al. 2013). A
// gradient passes only where the float output lies in the range that int8 can say. `folded` has the
// dequantized weights.
at::Tensor ForwardStraightThrough(const Model& model, const FoldedWeights& folded,
                                  const at::Tensor& images, const std::vector<at::Tensor>& exact);

}  // namespace boardloop
