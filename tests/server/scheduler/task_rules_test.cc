#include "server/scheduler/task_rules.h"

#include "gmock/gmock.h"

namespace boardloop {
namespace {

using store::Task;
using ::testing::HasSubstr;

Task Queued() {
  Task task;
  task.set_id(7);
  task.set_state(Task::QUEUED);
  task.set_kind(Task::MEASURE);
  return task;
}

Task Granted(const std::string& board, Task task = Queued()) {
  GrantTask(task, "members/a", "instance-1", board, 100);
  return task;
}

v1::TaskResult Measured(v1::Measurement::Outcome outcome, const std::string& message = "") {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  result.mutable_measure()->mutable_measurement()->set_outcome(outcome);
  result.mutable_measure()->mutable_measurement()->set_message(message);
  return result;
}

TEST(TaskRulesTest, EachGrantRaisesTheEpoch) {
  Task task = Granted("boards/1");
  EXPECT_EQ(task.state(), Task::RUNNING);
  EXPECT_EQ(task.epoch(), 1);
  EXPECT_EQ(task.board(), "boards/1");
  ReturnTask(task);
  EXPECT_EQ(task.state(), Task::QUEUED);
  EXPECT_EQ(task.holder(), "");
  EXPECT_EQ(Granted("boards/1", task).epoch(), 2);
}

TEST(TaskRulesTest, ANetworkThatDoesNotFitIsAnAnswer) {
  Task task = Granted("boards/1");
  FinishTask(task, Measured(v1::Measurement::OUTCOME_INFEASIBLE), TaskLimits(), 200);
  EXPECT_EQ(task.state(), Task::DONE);
  EXPECT_EQ(task.attempts(), 0);
  EXPECT_EQ(task.end_time_ms(), 200);
}

TEST(TaskRulesTest, ACandidateThatFailsOnThreeBoardsIsAnswered) {
  Task task = Queued();
  for (const char* board : {"boards/1", "boards/2"}) {
    task = Granted(board, task);
    FinishTask(task, Measured(v1::Measurement::CANDIDATE_FAILED, "bus fault"), TaskLimits(), 200);
    ASSERT_EQ(task.state(), Task::QUEUED) << board;
  }
  task = Granted("boards/3", task);
  FinishTask(task, Measured(v1::Measurement::CANDIDATE_FAILED, "bus fault"), TaskLimits(), 200);
  EXPECT_EQ(task.state(), Task::DONE);
  EXPECT_EQ(MessageOf(task.result()), "bus fault");
}

TEST(TaskRulesTest, TheSameBoardCountsOnce) {
  Task task = Queued();
  for (int i = 0; i < 4; ++i) {
    task = Granted("boards/1", task);
    FinishTask(task, Measured(v1::Measurement::CANDIDATE_FAILED), TaskLimits(), 200);
    ASSERT_EQ(task.state(), Task::QUEUED);
  }
  EXPECT_EQ(task.failed_boards_size(), 1);
  task = Granted("boards/1", task);
  FinishTask(task, Measured(v1::Measurement::CANDIDATE_FAILED), TaskLimits(), 200);
  EXPECT_EQ(task.state(), Task::DONE);  // It is what the candidate does, with the boards there are.
}

TEST(TaskRulesTest, AFailingProbeIsNotTheCandidates) {
  Task task = Queued();
  for (int i = 0; i < 5; ++i) {
    task = Granted("boards/1", task);
    FinishTask(task, Measured(v1::Measurement::PROBE_FAILED, "no answer"), TaskLimits(), 200);
  }
  EXPECT_EQ(task.state(), Task::FAILED);
}

TEST(TaskRulesTest, AnInvalidTaskIsNotTriedAgain) {
  Task task = Granted("");
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::INVALID);
  result.set_message("no such space");
  FinishTask(task, result, TaskLimits(), 200);
  EXPECT_EQ(task.state(), Task::FAILED);
  EXPECT_EQ(MessageOf(task.result()), "no such space");
}

TEST(TaskRulesTest, AHandedBackTaskCountsAsNoAttempt) {
  Task task = Granted("boards/1");
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::RETURNED);
  FinishTask(task, result, TaskLimits(), 200);
  EXPECT_EQ(task.state(), Task::QUEUED);
  EXPECT_EQ(task.attempts(), 0);
  EXPECT_EQ(task.losses(), 0);
}

TEST(TaskRulesTest, LossesAreBounded) {
  Task task = Queued();
  for (int i = 0; i < TaskLimits().losses - 1; ++i) {
    task = Granted("", task);
    LoseTask(task, TaskLimits(), 200);
    ASSERT_EQ(task.state(), Task::QUEUED) << i;
    EXPECT_EQ(task.attempts(), 0);
  }
  task = Granted("", task);
  LoseTask(task, TaskLimits(), 300);
  EXPECT_EQ(task.state(), Task::FAILED);
  EXPECT_THAT(MessageOf(task.result()), HasSubstr("10 holders vanished"));
}

TEST(TaskRulesTest, FaultsAreTheirOwners) {
  EXPECT_EQ(FaultOf(Measured(v1::Measurement::OK)), Fault::kNone);
  EXPECT_EQ(FaultOf(Measured(v1::Measurement::CANDIDATE_FAILED)), Fault::kCandidate);
  EXPECT_EQ(FaultOf(Measured(v1::Measurement::BOARD_FAILED)), Fault::kBoard);
  EXPECT_EQ(FaultOf(Measured(v1::Measurement::AGENT_FAILED)), Fault::kMember);
  EXPECT_EQ(FaultOf(Measured(v1::Measurement::INVALID_MODEL)), Fault::kTask);
  EXPECT_EQ(FaultOf(v1::TaskResult()), Fault::kMember);  // Says nothing: of a member that is wrong.
}

}  // namespace
}  // namespace boardloop
