#include "server/search/measurement_jobs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "server/scheduler/task_rules.h"
#include "server/store/artifact_references.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

using v1::MeasurementJob;

constexpr int32_t kMaxInputs = 10000;

absl::Status CheckJob(const MeasurementJob& job) {
  if (job.inputs() < 0 || job.inputs() > kMaxInputs) {
    return absl::InvalidArgumentError(
        absl::StrFormat("measurement.inputs is %d, must be in [0, %d]", job.inputs(), kMaxInputs));
  }
  if (job.sram_limit_bytes() < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "measurement.sram_limit_bytes is %d, must be at least 0", job.sram_limit_bytes()));
  }
  if (!v1::Measurement::Mode_IsValid(job.mode())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("measurement.mode is %d, which is no choice", job.mode()));
  }
  if (job.model().empty()) return absl::InvalidArgumentError("measurement.model is missing");
  if (job.board_type().empty()) {
    return absl::InvalidArgumentError("measurement.board_type is missing");
  }
  if (!IsBoardTypeName(job.board_type())) {
    return absl::InvalidArgumentError(
        "measurement.board_type must be the name of a board type, not a path");
  }
  BL_ASSIGN_OR_RETURN(const BoardType type, LoadBoardType(job.board_type()));
  if (type.support.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "measurement.board_type %s can be planned for, not measured on", job.board_type()));
}

store::Task TaskOf(const MeasurementJob& job) {
  store::Task task;
  task.set_owner(job.name());
  task.set_kind(store::Task::MEASURE);
  task.set_priority(kUserPriority);
  task.set_requirement(job.board_type());
  v1::MeasureTask& measure = *task.mutable_payload()->mutable_measure();
  measure.set_board_type(job.board_type());
  measure.set_mode(job.mode());
  measure.set_model(job.model());
  measure.set_patches(job.patches());
  measure.set_sram_limit_bytes(job.sram_limit_bytes());
  measure.set_inputs(job.inputs());
  return task;
}

}  // namespace

absl::StatusOr<MeasurementJob> MeasurementJobs::Create(Transaction& tx, MeasurementJob job) {
  BL_RETURN_IF_ERROR(CheckJob(job));
  const absl::Status referred = ReferToArtifact(tx, job.model(), job.name());
  if (absl::IsNotFound(referred)) {
    return absl::NotFoundError(absl::StrFormat(
        "measurement.model is \"%s\": no such artifact, upload it first", job.model()));
  }
  BL_RETURN_IF_ERROR(referred);
  if (job.mode() == v1::Measurement::MODE_UNSPECIFIED) job.set_mode(v1::Measurement::IMAGE);
  job.set_inputs(std::max(job.inputs(), 1));
  job.set_state(MeasurementJob::QUEUED);
  job.clear_message();
  job.clear_waiting_for();
  job.clear_measurement();
  job.clear_end_time();
  *job.mutable_create_time() = ToTimestamp(clock_.Now());
  BL_RETURN_IF_ERROR(scheduler_->AddTask(tx, TaskOf(job)).status());
  BL_RETURN_IF_ERROR(tx.PutMeasurement(job));
  return job;
}

absl::StatusOr<MeasurementJob> MeasurementJobs::Cancel(Transaction& tx, const std::string& name) {
  BL_ASSIGN_OR_RETURN(std::optional<MeasurementJob> job, tx.GetMeasurement(name));
  if (!job.has_value()) return absl::NotFoundError(absl::StrCat("there is no ", name));
  if (job->state() == MeasurementJob::CANCELLED) return *std::move(job);
  if (job->state() != MeasurementJob::QUEUED && job->state() != MeasurementJob::RUNNING) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is %s, must be QUEUED or RUNNING to be cancelled", name,
                        MeasurementJob::State_Name(job->state())));
  }
  job->set_state(MeasurementJob::CANCELLED);
  *job->mutable_end_time() = ToTimestamp(clock_.Now());
  BL_RETURN_IF_ERROR(scheduler_->CancelTasks(tx, name));
  BL_RETURN_IF_ERROR(tx.PutMeasurement(*job));
  return *std::move(job);
}

absl::Status MeasurementJobs::TaskMoved(Transaction& tx, const store::Task& task) {
  BL_ASSIGN_OR_RETURN(std::optional<MeasurementJob> job, tx.GetMeasurement(task.owner()));
  if (!job.has_value()) return absl::OkStatus();
  job->set_state(task.state() == store::Task::RUNNING ? MeasurementJob::RUNNING
                                                      : MeasurementJob::QUEUED);
  return tx.PutMeasurement(*job);
}

absl::Status MeasurementJobs::TaskEnded(Transaction& tx, const store::Task& task) {
  BL_ASSIGN_OR_RETURN(std::optional<MeasurementJob> job, tx.GetMeasurement(task.owner()));
  if (!job.has_value()) return absl::OkStatus();
  *job->mutable_end_time() = ToTimestamp(clock_.Now());
  const v1::Measurement& measurement = task.result().measure().measurement();
  // A file that is refused is an answer too, and the user's to read.
  const bool answered =
      task.state() == store::Task::DONE || measurement.outcome() == v1::Measurement::INVALID_MODEL;
  job->set_state(answered ? MeasurementJob::DONE : MeasurementJob::FAILED);
  if (answered) *job->mutable_measurement() = measurement;
  if (!answered) job->set_message(MessageOf(task.result()));
  return tx.PutMeasurement(*job);
}

}  // namespace boardloop
