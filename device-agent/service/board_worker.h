// One board at work: a thread that owns it, checks it and measures on it, one thing after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/base/mutex.h"
#include "device-agent/build/builder.h"
#include "device-agent/measure/bench.h"
#include "device-agent/measure/board.h"
#include "device-agent/service/measure_task.h"

namespace boardloop {

class BoardWorker {
 public:
  struct Options {
    BenchBoard bench;
    Board::Options board;
    Builder builder;
    std::string name_prefix;  // Of the board's name on the farm: "boards/{prefix}{name}".
  };
  // Called on the board's thread.
  struct Callbacks {
    std::function<void(const std::string& task, int64_t epoch, v1::TaskResult result)> finish;
    std::function<void()> changed;  // The report says something new.
    std::function<void(const std::string& line)> log;
  };

  // Starts the thread, which opens the board.
  BoardWorker(Options options, ArtifactAccess artifacts, Callbacks callbacks);
  // Waits for what runs.
  ~BoardWorker();

  const std::string& name() const { return name_; }  // "boards/{board}"

  // Thread-safe, all that follow.
  void Add(const v1::Grant& grant);
  // Drops a task that has not begun; of one that runs the result is not sent.
  void GiveUp(const std::string& task, int64_t epoch);
  // Checks the board with the golden model, before all tasks that wait.
  void Check(int64_t check);
  // What the coordinator is told of the board.
  v1::BoardReport Report() const;

 private:
  void Run();
  void OpenBoard();
  void RunCheck(int64_t check);
  void RunTask(const v1::Grant& grant);
  void UpdateReport();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_);

  const std::string name_;
  Options options_;
  const ArtifactAccess artifacts_;
  const Callbacks callbacks_;

  // Of the thread.
  std::unique_ptr<Board> board_;
  std::unique_ptr<Measurer> measurer_;
  std::string build_digest_;

  mutable Mutex mu_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  int64_t wanted_check_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<v1::Grant> grants_ ABSL_GUARDED_BY(mu_);
  v1::BoardReport report_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace boardloop
