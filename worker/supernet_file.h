// A checkpoint with the data set it was trained on: what scoring, fine-tuning and quantization begin with.
#pragma once

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

// The training and validation splits that the checkpoint names, or those of the flags.
//
// INVALID_ARGUMENT  other classes than the checkpoint's
absl::StatusOr<TrainingData> LoadCheckpointData(const LoadedCheckpoint& loaded,
                                                const DataFlags& flags, int threads);

// Files of subnets, canonical texts, or the words "largest" and "smallest"; then `random` subnets drawn from
// `seed`. All are of the checkpoint's space.
absl::StatusOr<std::vector<Subnet>> ChooseSubnets(const LoadedCheckpoint& loaded,
                                                  const std::vector<std::string>& names, int random,
                                                  uint64_t seed);

}  // namespace boardloop
