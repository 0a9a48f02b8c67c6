// A checkpoint with the data set it was trained on: what scoring, fine-tuning and quantization begin with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/space/subnet.h"
#include "worker/flags.h"
#include "worker/torch/checkpoint.h"
#include "worker/torch/score.h"
#include "worker/torch/weights.h"

namespace boardloop {

struct LoadedCheckpoint {
  Checkpoint checkpoint;
  Graph largest;    // Of the super-network, or the one network that the checkpoint has.
  Weights weights;  // What is scored, on the device.
  ComputeDevice device;

  const Space& space() const { return checkpoint.header.supernet().space(); }
  bool single() const { return !checkpoint.header.subnet().empty(); }
};
absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(const std::string& path, const DeviceFlags& device);
absl::StatusOr<LoadedCheckpoint> PrepareCheckpoint(Checkpoint checkpoint,
                                                   const ComputeDevice& device);

// The training and validation splits that the checkpoint names, or those of the flags.
//
// INVALID_ARGUMENT  other classes than the checkpoint's
absl::StatusOr<TrainingData> LoadCheckpointData(const LoadedCheckpoint& loaded,
                                                const DataFlags& flags, int threads);

// INVALID_ARGUMENT  `classes`, of the data set at `path`, are not the checkpoint's
absl::Status CheckClasses(const LoadedCheckpoint& loaded, const std::vector<std::string>& classes,
                          const std::string& path);

// The subnet that a canonical text names.
//
// INVALID_ARGUMENT  it is none of the checkpoint's space, or the checkpoint is of one network alone
absl::StatusOr<Subnet> SubnetOf(const LoadedCheckpoint& loaded, const std::string& canonical_text);

// What the network of `graph` begins with: its slice of the super-network's weights, flat, in its own layout.
absl::StatusOr<at::Tensor> InheritedWeights(const LoadedCheckpoint& loaded, const Graph& graph);

// Logits of the largest subnet, by the statistics of each batch, as the super-network was trained. `loaded` must
// outlive it.
std::function<at::Tensor(const at::Tensor& images)> LargestAsTeacher(
    const LoadedCheckpoint& loaded);

// Files of subnets, canonical texts, or the words "largest" and "smallest"; then `random` subnets drawn from
// `seed`. All are of the checkpoint's space.
absl::StatusOr<std::vector<Subnet>> ChooseSubnets(const LoadedCheckpoint& loaded,
                                                  const std::vector<std::string>& names, int random,
                                                  uint64_t seed);

}  // namespace boardloop
