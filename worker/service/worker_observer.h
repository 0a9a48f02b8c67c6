// Who looks at a worker: its metrics. A worker works without one as well.
#pragma once

#include <cstdint>
#include <optional>

#include "boardloop/v1/task.pb.h"

namespace boardloop {

enum class WorkKind { kTrain, kScore, kSpecialize };

// Thread-safe. Called between other work: returns at once.
class WorkerObserver {
 public:
  virtual ~WorkerObserver() = default;
  // The worker turns to tasks of a kind, one or many side by side, and is done with them. One kind at a time.
  virtual void WorkBegan(WorkKind /*kind*/) {}
  virtual void WorkEnded(WorkKind /*kind*/) {}
  // One of the tasks; nullopt: it was given up, nobody is told.
  virtual void TaskEnded(WorkKind /*kind*/, std::optional<v1::TaskResult::Outcome> /*outcome*/,
                         double /*seconds*/) {}
  virtual void Progressed(WorkKind /*kind*/, const v1::TaskProgress& /*progress*/) {}
  // So many more were trained on or evaluated.
  virtual void ImagesSeen(WorkKind /*kind*/, int64_t /*images*/) {}
};

}  // namespace boardloop
