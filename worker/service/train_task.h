// A TrainTask carried out.
//
// Invariants:
//   (1) The run is that of `boardloop-worker train`: a function of the task and the data. On a CPU the same task gives the same artifact,
//       however often it was handed on in between.
//   (2) The checkpoint on this machine's disk is never older than the one that was last uploaded from here.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/task.pb.h"
#include "worker/service/task_context.h"
#include "worker/service/worker_cache.h"

namespace boardloop {

struct TrainTaskOptions {
  std::string folder;      // Of checkpoints; made if absent. The newest few are kept.
  std::string task;        // "tasks/{task}": with the task's specs, what a checkpoint is found by.
  std::string checkpoint;  // `artifacts/{sha256}` of an earlier holder, or empty.
  absl::Duration checkpoint_interval = absl::Seconds(30);  // Written, and uploaded.
  absl::Duration report_interval = absl::Seconds(2);
  absl::Duration accuracy_interval = absl::Seconds(30);
};

// Goes on from the newest of the two checkpoints; one that is of another run, or unreadable, does not count.
//
// INVALID_ARGUMENT  specs that cannot be trained
// OUT_OF_RANGE      the loss is not a number any more
// CANCELLED         as asked; the checkpoint has been uploaded, and reported, unless the task is abandoned
// Others            of this machine, or of the way to the coordinator
absl::StatusOr<v1::TrainOutput> RunTrainTask(const v1::TrainTask& task,
                                             const TrainTaskOptions& options, WorkerCache& cache,
                                             const TaskContext& context);

}  // namespace boardloop
