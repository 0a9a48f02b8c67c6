// Who counts what becomes of tasks. Told once it is durable: what was rolled back is never counted.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "boardloop/v1/task.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

// Any thread calls it, several at once; it must return at once.
class SchedulerObserver {
 public:
  virtual ~SchedulerObserver() = default;

  // As it was granted: an `epoch` of 1 is the first grant.
  virtual void TaskGranted(const store::Task& task) = 0;
  // `task` is as it was when the result came. late: it was somebody else's by then.
  virtual void ResultCame(const store::Task& task, const v1::TaskResult& result, bool late) = 0;
  virtual void LeaseExpired(store::Task::Kind kind) = 0;
  // Because it fails, or its agent says so; not by an operator.
  virtual void BoardQuarantined(const std::string& board_type) = 0;
};

}  // namespace boardloop
