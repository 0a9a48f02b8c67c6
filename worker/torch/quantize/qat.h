// Quantization-aware training: a network learns to live with int8 arithmetic.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "worker/torch/device_data.h"
#include "worker/torch/network.h"

namespace boardloop {

struct QatOptions {
  double epochs = 1;
  int32_t batch_size = 128;
  int32_t micro_batch_size = 64;
  double peak_rate = 0.01;  // Cosine decay to 0, without warm-up: the network has been trained.
  double momentum = 0.9;
  double label_smoothing = 0;
  v1::Augmentation augmentation;
  uint64_t seed = 1;
  int threads = 1;
  // Logits of a teacher, which are learned from besides the labels; may be empty.
  std::function<at::Tensor(const at::Tensor& images)> teacher;
  // Both may be empty.
  std::function<void(int64_t step, int64_t steps, double loss)> progress;
  std::function<bool()> cancelled;
};

// Trains filters and biases of `folded` (changed in place; on the CPU) so that the model they are quantized to with
// `activations` gets better. Every step quantizes the weights anew, and its forward pass computes what core/quant
// computes (simulate.h), on the device of the data. Gradients are those of the real operators, rounding passed over
// (straight-through estimator). Scales of activations stay, those of filters follow the weights. A function of its
// arguments, not of threads.
// returns  the model at the end
//
// CANCELLED     as asked
// OUT_OF_RANGE  a loss that is not finite; the message has the step
absl::StatusOr<Model> TrainQuantized(const Graph& graph, FoldedWeights& folded,
                                     const std::vector<Quantization>& activations,
                                     const DeviceData& train, const QatOptions& options);

}  // namespace boardloop
