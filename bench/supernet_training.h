// What the sub-commands of supernet_bench share: the two splits, and a training run to its end.
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "worker/data/dataset.h"
#include "worker/torch/device_data.h"
#include "worker/torch/train_run.h"
#include "worker/torch/trainer.h"

namespace boardloop {

struct SplitData {
  TrainingData samples;
  ComputeDevice device;
  DeviceData train, validation;
  SplitData(TrainingData loaded, const ComputeDevice& on)
      : samples(std::move(loaded)),
        device(on),
        train(samples.train, on.device),
        validation(samples.validation, on.device) {}
};

// From `initial_weights` (of the header's subnet; undefined: random ones).
absl::StatusOr<TrainReport> TrainNow(const v1::CheckpointHeader& header, const SplitData& data,
                                     int threads, const at::Tensor& initial_weights = {});

}  // namespace boardloop
