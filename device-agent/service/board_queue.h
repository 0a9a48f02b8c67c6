// What waits for one board: checks of it, and the tasks granted to it on their way from granted to
// prepared. Where the thread that prepares hands over to the one that measures.
//
// Invariants:
//   (1) Tasks leave in the order in which they were added.
//   (2) One task at most is prepared, or being prepared, ahead: the next one's turn comes when the
//       board has taken it.
//   (3) A task that was given up before the board took it does not leave.
//   (4) A check leaves before all tasks; the same one once.
//   (5) Once stopped nothing leaves.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/base/mutex.h"
#include "device-agent/service/measure_task.h"

namespace boardloop {

// What the board does next.
struct BoardWork {
  int64_t check = 0;  // A check to make; 0: the task.
  v1::Grant grant;
  PreparedTask prepared;  // Of the grant.
};

// Thread-safe.
class BoardQueue {
 public:
  void Add(const v1::Grant& grant);
  // What nobody has is ignored.
  void GiveUp(const std::string& task, int64_t epoch);
  void Check(int64_t check);
  void Stop();

  // ---- For the one thread that prepares.
  // Waits for a task whose turn it is; nullopt: stopped.
  std::optional<v1::Grant> AwaitGrant();
  // Of the grant that AwaitGrant gave last. Dropped if that was given up meanwhile.
  void PutPrepared(PreparedTask prepared);

  // ---- For the board's thread.
  // Waits for a check or a prepared task; nullopt: stopped.
  std::optional<BoardWork> AwaitWork();

 private:
  bool CanPrepare() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stop_ || (!granted_.empty() && !preparing_.has_value() && !prepared_.has_value());
  }
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stop_ || wanted_check_ != taken_check_ || prepared_.has_value();
  }

  mutable Mutex mu_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  int64_t wanted_check_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t taken_check_ ABSL_GUARDED_BY(mu_) = 0;
  // Each task is in one of these.
  std::deque<v1::Grant> granted_ ABSL_GUARDED_BY(mu_);
  std::optional<v1::Grant> preparing_ ABSL_GUARDED_BY(mu_);
  std::optional<BoardWork> prepared_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
