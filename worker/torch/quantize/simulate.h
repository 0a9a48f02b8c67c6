// Simulated quantization: a Model's integer arithmetic on LibTorch tensors, in batches and on any device. Every
// tensor equals that of core/quant's Interpreter bit for bit.
//
// Why it is exact: multipliers come from core/quant's Prepare functions; sums of products are below 2^24, which float32
// holds in any order of summation, or are computed in float64 (Create decides by the weights of each operator);
// what follows is integer arithmetic (integer_layers.h). The float32 of matrix products must be float32:
// TF32, which newer GPUs offer for it, stays off, as is LibTorch's default.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "torch/types.h"
#include "worker/torch/quantize/integer_layers.h"

namespace boardloop {

// What an operator's gradients land on: its int8 filter and int32 bias as float tensors. Undefined where it has none.
struct IntegerWeights {
  at::Tensor filter;  // Laid out as core/graph lays it out.
  at::Tensor bias;    // [out]
};

class SimulatedNetwork {
 public:
  struct Options {
    at::Device device = at::kCPU;
    // All sums in float64 and without the kernels for CPUs: the way of operators whose sums may pass 2^24, for
    // comparing both.
    bool in_double = false;
  };

  // Copies what it needs of `model`.
  //
  // UNIMPLEMENTED     an operator that networks trained here do not have, an ADD that broadcasts
  // INVALID_ARGUMENT  the model is invalid, its input is not quantized as images are, or core/quant refuses its
  //                   scales; the message names the operator
  static absl::StatusOr<SimulatedNetwork> Create(const Model& model, const Options& options);

  // Sees the output of an operator: q - zero point, [n][c][height][width] or [n][classes].
  using Observer = std::function<void(size_t op, const at::Tensor& output)>;

  // Thread-safe. Differentiable in `leaves`, which have the values of weights().
  // images   [n][c][height][width] float in [0, 1], rounded to the nearest byte / 255
  // returns  logits, real: [n][classes]
  at::Tensor Forward(const at::Tensor& images, const std::vector<IntegerWeights>& leaves,
                     const Observer& observer = nullptr) const;
  at::Tensor Forward(const at::Tensor& images) const { return Forward(images, weights_); }

  const std::vector<IntegerWeights>& weights() const { return weights_; }  // By operator.

 private:
  struct Layer {  // Of one operator: what its kind needs.
    bool in_double = false;
    Requantization requantization;
    Addition addition;
  };
  absl::Status PrepareLayers(const Model& model);
  absl::Status PrepareLayer(const Model& model, size_t index);
  absl::Status PrepareWeighted(const Model& model, size_t index, Layer& layer);
  absl::Status PrepareAddition(const Model& model, size_t index, Layer& layer);
  absl::Status PrepareAverage(const Model& model, size_t index, Layer& layer);
  at::Tensor RunLayer(size_t index, absl::Span<const at::Tensor> inputs,
                      const IntegerWeights& leaves) const;

  Options options_;
  Graph graph_;
  std::vector<Layer> layers_;  // By operator.
  std::vector<IntegerWeights> weights_;
  float logit_scale_ = 1;
};

}  // namespace boardloop
