// One board at work: it is checked and measured on, one thing after the other, while the next task
// is prepared beside.
//
// Two threads. The board's owns the board and does all that needs it; the other fetches and builds
// what comes next, and never touches the board. A BoardQueue is between them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/base/mutex.h"
#include "device-agent/build/builder.h"
#include "device-agent/measure/bench.h"
#include "device-agent/measure/board.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/service/board_observer.h"
#include "device-agent/service/board_queue.h"
#include "device-agent/service/measure_task.h"

namespace boardloop {

class BoardWorker {
 public:
  struct Options {
    BenchBoard bench;
    BoardType type;  // Of the bench's board.
    Board::Options board;
    Builder builder;
    std::string name_prefix;            // Of the board's name on the farm: "boards/{prefix}{name}".
    BoardObserver* observer = nullptr;  // Not owned.
  };
  struct Callbacks {
    // On the board's thread, in the order of the grants.
    std::function<void(const std::string& task, int64_t epoch, v1::TaskResult result)> finish;
    // The report says something new. On the board's thread.
    std::function<void()> changed;
    // What a task is at: a step ("build", "flash"), or kPrepared, when it waits for the board. On
    // either thread, in this order of each task.
    std::function<void(const std::string& task, int64_t epoch, const std::string& step)> step;
    std::function<void(const std::string& line)> log;
  };
  static constexpr char kPrepared[] = "prepared";

  // Starts the threads. The board's opens the board.
  BoardWorker(Options options, ArtifactAccess artifacts, Callbacks callbacks);
  // Stops, and waits for what runs.
  ~BoardWorker();

  const std::string& name() const { return name_; }  // "boards/{board}"

  // Thread-safe, all that follow.
  void Add(const v1::Grant& grant);
  // Drops a task that does not run on the board yet: it waits, is being prepared, or is prepared. One
  // that runs goes on to its end.
  void GiveUp(const std::string& task, int64_t epoch);
  // Checks the board with the golden model, before all tasks that wait.
  void Check(int64_t check);
  // Begins nothing new: what runs on the board ends, what is being prepared is dropped. Returns at
  // once.
  void Stop();
  // What the coordinator is told of the board.
  v1::BoardReport Report() const;

 private:
  void RunBoard();
  void RunPreparation();
  void OpenBoard();
  void RunCheck(int64_t check);
  void RunTask(const BoardWork& work);
  void Rest();
  void CountResidentBuild(bool built);
  void CountBuild(const PreparedTask& prepared) const;
  void UpdateReport();
  StepObserver ObserverOf(const v1::Grant& grant) const;

  const std::string name_;
  const Options options_;
  const ArtifactAccess artifacts_;
  const Callbacks callbacks_;
  mutable BoardObserver nobody_;
  BoardObserver& observer_;
  Preparer preparer_;
  BoardQueue queue_;

  // Of the board's thread.
  std::unique_ptr<Board> board_;
  std::string build_digest_;
  bool checked_ = false;  // And the last check was good.

  mutable Mutex mu_;
  v1::BoardReport report_ ABSL_GUARDED_BY(mu_);
  std::thread preparation_thread_, board_thread_;
};

}  // namespace boardloop
