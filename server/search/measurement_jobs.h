// Measurements that users ask for, beside searches.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "server/scheduler/scheduler.h"

namespace boardloop {

// Thread-safe. Rows are written in transactions of callers.
class MeasurementJobs : public TaskOwner {
 public:
  // Neither is owned. Connect() before anything else.
  explicit MeasurementJobs(const Clock& clock) : clock_(clock) {}
  void Connect(Scheduler& scheduler) { scheduler_ = &scheduler; }

  // `job` complete but for its state, as a row with its task.
  //
  // INVALID_ARGUMENT  a field out of range; NOT_FOUND  no such board type or artifact
  absl::StatusOr<v1::MeasurementJob> Create(Transaction& tx, v1::MeasurementJob job);
  // NOT_FOUND, FAILED_PRECONDITION  it has ended; the message names its state
  absl::StatusOr<v1::MeasurementJob> Cancel(Transaction& tx, const std::string& name);

  absl::Status TaskEnded(Transaction& tx, const store::Task& task) override;
  absl::Status TaskMoved(Transaction& tx, const store::Task& task) override;
  void OwnerChanged(const std::string& /*owner*/) override {}

 private:
  const Clock& clock_;
  Scheduler* scheduler_ = nullptr;
};

}  // namespace boardloop
