// ScoreTasks carried out: the candidates of one super-network side by side, each answered as soon as it is done.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/task.pb.h"
#include "worker/service/task_context.h"
#include "worker/service/worker_cache.h"

namespace boardloop {

// One task, and where its result goes.
struct ScoreWork {
  v1::ScoreTask task;
  std::function<void(const absl::StatusOr<v1::ScoreOutput>& output, double seconds)> done;
};

// Loads the super-network `artifacts/{sha256}`, then scores what `next` gives until it gives nothing: the threads of the cache call
// it and `done` by themselves. A score does not depend on what else is scored. An error, of loading, comes before the first
// call of `next`.
//
// INVALID_ARGUMENT  not a checkpoint of a super-network
// CANCELLED         as asked
// Others            as WorkerCache::LoadSupernet
absl::Status ScoreTasks(const std::string& supernet,
                        const std::function<std::optional<ScoreWork>()>& next, WorkerCache& cache,
                        const TaskContext& context);

}  // namespace boardloop
