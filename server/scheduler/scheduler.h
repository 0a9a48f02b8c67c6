// The scheduler: gives tasks to members (workers and device agents) and takes their results.
//
// Members pull: one call, Synchronize, says what they do and gets what they should be doing. A task is theirs while its lease lasts,
// and each call renews it.
//
// Invariants (the fault tests check them):
//   (1) A task has at most one holder; each grant raises its epoch, and a result with an older one is kept as evidence and never counted.
//   (2) A result and what follows from it are stored in one transaction; only then is it acknowledged.
//   (3) A holder that vanishes is never held against a candidate: its tasks go back to the queue.
//   (4) Measurements of users go before tasks of searches; searches take turns: the one with the fewest running tasks is next.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/scheduler/board_rules.h"
#include "server/scheduler/leases.h"
#include "server/scheduler/scheduler_observer.h"
#include "server/scheduler/task_owner.h"
#include "server/scheduler/task_rules.h"
#include "server/store/store.h"

namespace boardloop {

inline constexpr int32_t kProtocolVersion = 1;
inline constexpr int32_t kUserPriority = 100;
inline constexpr int32_t kSearchPriority = 0;

// Thread-safe.
class Scheduler {
 public:
  struct Options {
    absl::Duration lease = absl::Seconds(30);  // Members call every 10 s: two calls may be lost.
    absl::Duration member_lost = absl::Seconds(60);
    // How often a member with nothing to do asks, while there are few; with many, less often: together they ask `calls_per_second` times.
    absl::Duration idle_call = absl::Milliseconds(250);
    double calls_per_second = 400;
    TaskLimits task;
    BoardLimits board;
    SchedulerObserver* observer = nullptr;  // Not owned; nullptr: nobody.
  };

  // Nothing is owned. `owner` gets every task.
  Scheduler(Store& store, const Clock& clock, TaskOwner& owner, const Options& options);

  // Takes up what an earlier process left: a lease for every holder. Call once, before all else.
  absl::Status Load();

  // The one call of members: proto/boardloop/v1/task_service.proto.
  absl::StatusOr<v1::SynchronizeResponse> Synchronize(const v1::SynchronizeRequest& request);

  // Ends leases that have expired, and marks members that are silent. Call about once a second.
  absl::Status Tick();

  // ---- For owners, within their transactions.
  absl::StatusOr<int64_t> AddTask(Transaction& tx, store::Task task);  // QUEUED; gives the id.
  // QUEUED and RUNNING ones become CANCELLED; holders give up at their next call.
  absl::Status CancelTasks(Transaction& tx, const std::string& owner);
  // What is missing for queued tasks of `owner`, for people; empty when nothing is.
  absl::StatusOr<std::string> WaitingFor(Transaction& tx, const std::string& owner);

  // ---- For people.
  // The newest progress of a running task; empty when none was reported.
  v1::TaskProgress ProgressOf(int64_t task) const;
  // ACTIVE, DRAINING or LOST, and when it called last, of a member's row.
  void FillMember(v1::Member& member) const;

 private:
  struct MemberState {
    std::string instance;
    v1::Member::Kind kind = v1::Member::KIND_UNSPECIFIED;
    absl::Duration last_call;  // Steady.
    absl::Time last_call_time;
    bool draining = false;
    std::set<std::string> datasets;
    std::map<std::string, std::string> dataset_problems;  // By path: why it cannot read them.
  };
  // What one call of a member does to the store, and then to memory.
  struct Call;

  absl::Status CheckRequest(const v1::SynchronizeRequest& request) const;
  void NoteCall(const v1::SynchronizeRequest& request) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Serve(Transaction& tx, Call& call);
  absl::Status ReturnUnknown(Transaction& tx, Call& call);
  absl::Status TakeResult(Transaction& tx, Call& call, const v1::FinishedTask& finished);
  absl::Status CountOnBoard(Transaction& tx, Call& call, const store::Task& before,
                            const v1::TaskResult& result);
  absl::Status TakeReports(Transaction& tx, Call& call);
  absl::Status LeaveMissingBoards(Transaction& tx, const Call& call);
  absl::Status TakeProgress(Transaction& tx, Call& call);
  absl::Status GrantToWorker(Transaction& tx, Call& call);
  absl::Status GrantToAgent(Transaction& tx, Call& call);
  absl::Status Grant(Transaction& tx, Call& call, store::Task task, const std::string& board);
  absl::StatusOr<bool> AvoidsBoard(Transaction& tx, const store::Task& task,
                                   const std::string& board);
  absl::Status UpdateMember(Transaction& tx, Call& call);
  absl::Status UpdateBoardTasks(Transaction& tx, Call& call);
  absl::Status Moved(Transaction& tx, Call& call, const store::Task& task);
  void Conclude(const Call& call, v1::SynchronizeResponse& response) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Duration IdleCall() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status LoseExpired();
  absl::Status LoseMembers();
  int64_t NowMs() const;
  // Once `tx` is durable.
  void Tell(Transaction& tx, std::function<void(SchedulerObserver&)> what) const;

  Store& store_;
  const Clock& clock_;
  TaskOwner& owner_;
  const Options options_;
  Leases leases_;

  mutable Mutex mu_;
  std::map<std::string, MemberState> members_ ABSL_GUARDED_BY(mu_);
  std::map<int64_t, v1::TaskProgress> progress_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> asked_datasets_ ABSL_GUARDED_BY(mu_);
};

// "tasks/{id}" and back; -1 for anything else.
std::string TaskName(int64_t id);
int64_t TaskId(const std::string& name);

// An event, written in the transaction of what it tells.
absl::Status AddEvent(Transaction& tx, absl::Time now, const std::string& subject,
                      const std::string& kind, const std::string& text);

}  // namespace boardloop
