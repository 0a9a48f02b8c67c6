// What tests of tasks share: the small family of networks, an IDX data set on disk, and tasks on both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boardloop/v1/task.pb.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "tests/support/fake_artifacts.h"
#include "worker/service/dataset_access.h"
#include "worker/service/task_context.h"
#include "worker/service/train_task.h"
#include "worker/service/worker_cache.h"

namespace boardloop {

inline constexpr int64_t kWorldTestImages = 100;

// Everything lies in a folder that goes with the object.
class TaskWorld {
 public:
  TaskWorld();
  ~TaskWorld();

  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  std::string data_folder() const { return At("data"); }

  v1::TrainTask Train() const;  // Sandwich, a few steps.
  v1::ScoreTask Score(const std::string& supernet, const std::string& subnet) const;
  v1::SpecializeTask Specialize(const std::string& supernet, const std::string& subnet) const;
  std::string LargestText() const;
  std::string SmallestText() const;
  std::vector<std::string> RandomTexts(int count) const;

 private:
  const std::string folder_;
};

// A machine that carries out tasks.
class Machine {
  SystemClock clock_;

 public:
  explicit Machine(FakeArtifacts& store, int threads = 1);

  // Never cancelled.
  TaskContext Context();
  // Of a run whose checkpoints are in `folder`, which is not written in the middle of the run.
  TrainTaskOptions Options(const TaskWorld& world, const std::string& folder) const;

  // Trains from the beginning, and returns the super-network.
  absl::StatusOr<v1::TrainOutput> Train(const TaskWorld& world, const v1::TrainTask& task,
                                        const std::string& folder);

  DatasetAccess datasets;
  WorkerCache cache;
  FakeArtifacts& artifacts;
  // Of Context(); for reading when the task has ended.
  std::vector<v1::TaskProgress> reports;
  std::vector<std::string> lines;  // Logged.

 private:
  Mutex mu_;  // Of these two.
};

}  // namespace boardloop
