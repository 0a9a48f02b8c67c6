// The worker as a member of a farm: it takes tasks from the coordinator and carries them out, one kind at a time.
//
// Invariants:
//   (1) One thread carries out tasks, in the order of their arrival; ScoreTasks of one super-network are taken together.
//   (2) What is given up is stopped, and nothing is said of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client/member_loop.h"
#include "core/base/cancellation.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "worker/flags.h"
#include "worker/service/dataset_access.h"
#include "worker/service/score_task.h"
#include "worker/service/task_context.h"
#include "worker/service/worker_cache.h"
#include "worker/service/worker_observer.h"

namespace boardloop {

// The coordinator's artifacts. Thread-safe; CANCELLED as asked.
struct ArtifactAccess {
  std::function<absl::StatusOr<std::string>(const std::string& name, Cancellation& cancellation)>
      read;  // Bytes.
  std::function<absl::StatusOr<std::string>(const std::string& bytes, Cancellation& cancellation)>
      write;  // Name.
};

// The device as people are told it: "cpu, 4 threads", "cuda:0".
std::string DeviceText(const ComputeDevice& device, int threads);

class WorkerService : public MemberHandler {
 public:
  struct Options {
    std::string address;   // Of the coordinator, for messages.
    std::string identity;  // Our folder, for messages; empty: none.
    std::string member;    // "members/{member}"
    DeviceFlags device;
    std::string state_folder;             // For checkpoints of runs.
    std::vector<std::string> data_roots;  // Empty: any folder.
    int32_t capacity = 8;                 // ScoreTasks in hand: some run, the next ones wait.
    absl::Duration checkpoint_interval = absl::Seconds(30);
    absl::Duration report_interval = absl::Seconds(2);
    absl::Duration drain = absl::Seconds(20);
    uint64_t seed = 0;                            // As MemberLoop::Options.
    std::function<void(const std::string&)> log;  // Lines for the operator.
    // Not owned; may be null.
    WorkerObserver* observer = nullptr;
    MemberObserver* member_observer = nullptr;
  };

  // FAILED_PRECONDITION  no such device
  static absl::StatusOr<std::unique_ptr<WorkerService>> Create(
      const std::shared_ptr<grpc::Channel>& channel, ArtifactAccess artifacts, Options options);
  // Stops what runs, and waits for it.
  ~WorkerService() override;

  // Until Stop(), and then until the work is done or handed back. As MemberLoop::Run.
  absl::Status Run();
  // Thread-safe. Takes nothing new; training is handed back with its checkpoint at once, other work when the drain ends.
  void Stop();

  void Describe(v1::SynchronizeRequest& request) override;
  void Begin(const v1::Grant& grant) override;
  void GiveUp(const std::string& task, int64_t epoch) override;
  void TakeOrders(const v1::SynchronizeResponse& response) override;

 private:
  using Key = std::pair<std::string, int64_t>;  // Task and epoch.
  // What the thread is at, on its stack: one task alone, or the ScoreTasks of one super-network. All but `cancellation` is
  // guarded by mu_.
  struct Session {
    bool alone = true;
    std::string supernet;  // Of ScoreTasks.
    int taken = 0;
    std::set<Key> tasks;  // Begun, not finished, not given up.
    Cancellation cancellation;
  };

  WorkerService(ArtifactAccess artifacts, Options options, const ComputeDevice& device);

  // Of the thread.
  void Work();
  bool BeginSession(Session& session, v1::Grant& grant);
  void RunAlone(const v1::Grant& grant, Session& session);
  absl::StatusOr<v1::TaskResult> RunPayload(const v1::Grant& grant, const TaskContext& context);
  void RunScores(Session& session);
  TaskContext ContextFor(const v1::Grant& grant, WorkKind kind, Session& session);
  void AwaitReport(const Session& session);

  // Of any thread.
  std::optional<v1::Grant> NextScore(Session& session);
  ScoreWork WorkOf(const v1::Grant& grant, Session& session);
  void Finish(Session& session, const v1::Grant& grant, const v1::TaskResult& result);

  void StopSession() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopped_ || !queue_.empty(); }
  bool HasAlone() const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  std::deque<v1::Grant>::iterator FirstQueued(const std::string& supernet)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const ArtifactAccess artifacts_;
  const Options options_;
  const SystemClock clock_;
  DatasetAccess datasets_;
  WorkerCache cache_;  // Of the thread.
  WorkerObserver nobody_;
  WorkerObserver& observer_;
  std::unique_ptr<MemberLoop> loop_;

  mutable Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;   // The thread should end.
  bool draining_ ABSL_GUARDED_BY(mu_) = false;  // Stop() was called.
  std::deque<v1::Grant> queue_ ABSL_GUARDED_BY(mu_);
  Session* session_ ABSL_GUARDED_BY(mu_) = nullptr;
  // Calls of the coordinator, to know what it has heard.
  int64_t calls_begun_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t calls_answered_ ABSL_GUARDED_BY(mu_) = 0;  // The newest that was.
  std::thread thread_;
};

}  // namespace boardloop
