#include "server/scheduler/task_rules.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

using store::Task;

void Requeue(Task& task) {
  task.set_state(Task::QUEUED);
  task.clear_holder();
  task.clear_instance();
  task.clear_board();
}

void End(Task& task, Task::State state, int64_t now_ms) {
  task.set_state(state);
  task.set_end_time_ms(now_ms);
}

void NoteFailedBoard(Task& task) {
  const auto& boards = task.failed_boards();
  if (task.board().empty()) return;
  if (std::find(boards.begin(), boards.end(), task.board()) == boards.end()) {
    task.add_failed_boards(task.board());
  }
}

}  // namespace

Fault FaultOf(const v1::TaskResult& result) {
  switch (result.outcome()) {
    case v1::TaskResult::DONE:
      break;
    case v1::TaskResult::INVALID:
      return Fault::kTask;
    case v1::TaskResult::RETURNED:
      return Fault::kNone;
    default:
      return Fault::kMember;
  }
  if (!result.has_measure()) return Fault::kNone;
  switch (result.measure().measurement().outcome()) {
    case v1::Measurement::OK:
    case v1::Measurement::OUTCOME_INFEASIBLE:
      return Fault::kNone;
    case v1::Measurement::CANDIDATE_FAILED:
      return Fault::kCandidate;
    case v1::Measurement::BOARD_FAILED:
    case v1::Measurement::PROBE_FAILED:
      return Fault::kBoard;
    case v1::Measurement::INVALID_MODEL:
      return Fault::kTask;
    default:
      return Fault::kMember;
  }
}

const char* FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kCandidate:
      return "candidate";
    case Fault::kBoard:
      return "board";
    case Fault::kMember:
      return "member";
    case Fault::kTask:
      return "task";
  }
  LOG(FATAL) << "no fault " << static_cast<int>(fault);
}

std::string MessageOf(const v1::TaskResult& result) {
  if (!result.message().empty()) return result.message();
  return result.measure().measurement().message();
}

bool IsActive(const Task& task) {
  return task.state() == Task::QUEUED || task.state() == Task::RUNNING;
}

void GrantTask(Task& task, const std::string& member, const std::string& instance,
               const std::string& board, int64_t now_ms) {
  CHECK_EQ(task.state(), Task::QUEUED) << "task " << task.id();
  task.set_state(Task::RUNNING);
  task.set_epoch(task.epoch() + 1);
  task.set_holder(member);
  task.set_instance(instance);
  task.set_board(board);
  task.set_grant_time_ms(now_ms);
}

void FinishTask(Task& task, const v1::TaskResult& result, const TaskLimits& limits,
                int64_t now_ms) {
  CHECK_EQ(task.state(), Task::RUNNING) << "task " << task.id();
  if (result.outcome() == v1::TaskResult::RETURNED) return ReturnTask(task);
  *task.mutable_result() = result;
  const Fault fault = FaultOf(result);
  if (fault == Fault::kNone) return End(task, Task::DONE, now_ms);
  if (fault == Fault::kTask) return End(task, Task::FAILED, now_ms);
  task.set_attempts(task.attempts() + 1);
  if (fault != Fault::kMember) NoteFailedBoard(task);
  if (task.failed_boards_size() >= limits.boards) return End(task, Task::DONE, now_ms);
  if (task.attempts() >= limits.attempts) {
    return End(task, fault == Fault::kCandidate ? Task::DONE : Task::FAILED, now_ms);
  }
  Requeue(task);
}

void LoseTask(Task& task, const TaskLimits& limits, int64_t now_ms) {
  CHECK_EQ(task.state(), Task::RUNNING) << "task " << task.id();
  task.set_losses(task.losses() + 1);
  if (task.losses() < limits.losses) return Requeue(task);
  task.mutable_result()->set_outcome(v1::TaskResult::MEMBER_FAILED);
  task.mutable_result()->set_message(
      absl::StrFormat("%d holders vanished while they worked on it, the last was %s", task.losses(),
                      task.holder()));
  End(task, Task::FAILED, now_ms);
}

void ReturnTask(Task& task) {
  CHECK_EQ(task.state(), Task::RUNNING) << "task " << task.id();
  Requeue(task);
}

void CancelTask(Task& task, int64_t now_ms) {
  CHECK(IsActive(task)) << "task " << task.id();
  End(task, Task::CANCELLED, now_ms);
}

}  // namespace boardloop
