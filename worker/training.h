// What `train` and `finetune` do once they know what to train: load, train, checkpoint, report.
#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "worker/data/dataset.h"
#include "worker/flags.h"
#include "worker/torch/checkpoint.h"
#include "worker/torch/train_run.h"

namespace boardloop {

// --out, --resume, --log, --json, ...
struct RunFlags {
  std::string out;
  std::string log;
  bool fresh = false;
  bool json = false;
  bool quiet = false;
  double checkpoint_seconds = 30;
  double accuracy_seconds = 30;
};
void AddRunFlags(CLI::App& command, RunFlags& flags);

// Whether a run of header `b` goes on from a checkpoint of header `a`.
bool SameRun(const v1::CheckpointHeader& a, const v1::CheckpointHeader& b);

// Weights and a teacher that a run of one network begins with.
struct Heritage {
  at::Tensor initial_weights;
  std::function<at::Tensor(const at::Tensor& images)> teacher;
};

// Trains what `header` says on `data`, on as many processes as the environment names. The run that is
// already at flags.out is continued if it is the same run.
//
// FAILED_PRECONDITION  there is another run at flags.out: --fresh begins anew
absl::Status TrainAndReport(const v1::CheckpointHeader& header, const TrainingData& data,
                            const Heritage& heritage, const RunFlags& flags,
                            const DeviceFlags& device_flags);

}  // namespace boardloop
