#include "bench/supernet_training.h"

#include "absl/time/time.h"
#include "core/base/status.h"

namespace boardloop {

absl::StatusOr<TrainReport> TrainNow(const v1::CheckpointHeader& header, const SplitData& data,
                                     int threads, const at::Tensor& initial_weights) {
  Checkpoint start;
  start.header = header;
  Trainer::Options options;
  options.device = data.device;
  options.threads = threads;
  options.initial_weights = initial_weights;
  BL_ASSIGN_OR_RETURN(const auto trainer, Trainer::Create(start, data.train, options));
  TrainRunOptions run;
  run.accuracy_interval = absl::InfiniteDuration();
  run.score.threads = threads;
  run.random_subnets = 16;
  return RunTraining(*trainer, data.train, data.validation, run);
}

}  // namespace boardloop
