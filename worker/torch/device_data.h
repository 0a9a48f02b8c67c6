// A data set on the training device, and batches of it as network inputs.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "boardloop/v1/training.pb.h"
#include "torch/types.h"
#include "worker/data/dataset.h"

namespace boardloop {

// Where networks run, and in which precision of activations: float on a CPU, bfloat16 on a GPU for
// training.
struct ComputeDevice {
  at::Device device = at::kCPU;
  at::ScalarType training_type = at::kFloat;
};

class DeviceData {
 public:
  // Copies `dataset` to the device.
  DeviceData(const Dataset& dataset, const at::Device& device);

  int64_t size() const { return labels_.size(0); }
  int64_t classes() const { return classes_; }
  const at::Device& device() const { return device_; }
  Shape shape() const;  // Of one image.

  struct Batch {
    at::Tensor images;  // [n][c][height][width] float, channels last, in [0, 1]
    at::Tensor labels;  // [n] int64
    // With mixup: the labels of the images blended in, with weight 1 - `mixup_share`.
    at::Tensor other_labels;
    double mixup_share = 1;
  };

  // The samples [first, first + count), in the order of the data set.
  Batch Range(int64_t first, int64_t count) const;

  // The samples at `indices`.
  Batch At(absl::Span<const int64_t> indices) const;

  // The same, varied; a function of the arguments alone, whatever the device.
  Batch Augmented(absl::Span<const int64_t> indices, const v1::Augmentation& augmentation,
                  uint64_t seed) const;

 private:
  at::Tensor ToImages(const at::Tensor& pixels) const;

  at::Tensor pixels_;  // [n][height][width][channels] uint8
  at::Tensor labels_;  // [n] int64
  int64_t classes_ = 0;
  at::Device device_;
};

// INVALID_ARGUMENT  the input or the classes of `graph` are not those of the data; the message has both
absl::Status CheckFits(const Graph& graph, const DeviceData& data);

// Which samples make each step's batch: every epoch is a permutation of its own, drawn from the seed. The
// last samples of an epoch that make no whole batch are left out.
class BatchOrder {
 public:
  BatchOrder(int64_t samples, int64_t batch_size, uint64_t seed);

  int64_t steps_per_epoch() const { return steps_per_epoch_; }

  // Indices of the batch of `step`. Keeps the permutation of the last epoch asked for.
  absl::Span<const int64_t> Batch(int64_t step);

 private:
  int64_t samples_, batch_size_, steps_per_epoch_;
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

}  // namespace boardloop
