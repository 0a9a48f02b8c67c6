#include "server/store/check_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using store::Task;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSearch[] = "searches/a";
constexpr char kFirst[] = "searches/a/candidates/1";
constexpr int64_t kScore = 1, kMeasure = 2, kSpecialize = 3, kVerify = 4;

v1::TaskResult Done() {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  return result;
}

v1::TaskResult Measured() {
  v1::TaskResult result = Done();
  v1::Measurement& measurement = *result.mutable_measure()->mutable_measurement();
  measurement.set_outcome(v1::Measurement::OK);
  measurement.set_latency_ms(2);
  (*measurement.mutable_seconds())["run"] = 0.1;
  (*measurement.mutable_seconds())["flash"] = 0.2;
  return result;
}

Task Ended(Task::Kind kind, const v1::TaskResult& result) {
  Task task = TaskRow(kSearch);
  task.set_candidate(1);
  task.set_kind(kind);
  task.set_state(Task::DONE);
  task.set_holder("members/w");
  task.set_epoch(1);
  task.set_end_time_ms(5);
  *task.mutable_result() = result;
  return task;
}

// A search of one candidate that has won.
class CheckHistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write([](Transaction& tx) -> absl::Status {
      v1::Search search = SearchRow(kSearch, v1::Search::SUCCEEDED);
      search.set_winner(kFirst);
      BL_RETURN_IF_ERROR(tx.PutSearch(search));
      v1::Candidate candidate = CandidateRow(kSearch, 1, v1::Candidate::FEASIBLE);
      candidate.set_top1(0.5);
      *candidate.mutable_measurement() = Measured().measure().measurement();
      candidate.set_latency_ms(2);
      BL_RETURN_IF_ERROR(tx.PutCandidate(candidate));
      v1::TaskResult scored = Done();
      scored.mutable_score()->set_top1(0.5);
      BL_RETURN_IF_ERROR(tx.InsertTask(Ended(Task::SCORE, scored)).status());
      BL_RETURN_IF_ERROR(tx.InsertTask(Ended(Task::MEASURE, Measured())).status());
      BL_RETURN_IF_ERROR(tx.InsertTask(Ended(Task::SPECIALIZE, Done())).status());
      Task verify = Ended(Task::MEASURE, Measured());
      verify.mutable_payload()->mutable_measure()->set_mode(v1::Measurement::IMAGE);
      BL_RETURN_IF_ERROR(tx.InsertTask(verify).status());
      v1::Member member;
      member.set_name("members/w");
      member.set_tasks_done(4);
      BL_RETURN_IF_ERROR(tx.PutMember(member));
      v1::Board board;
      board.set_name("boards/b");
      board.set_measurements(2);
      return tx.PutBoard(board);
    });
  }

  void Write(const Work& work) {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Run(work), IsOk());
  }
  void ChangeTask(int64_t id, const std::function<void(Task& task)>& change) {
    Write([&](Transaction& tx) -> absl::Status {
      BL_ASSIGN_OR_RETURN(std::optional<Task> task, tx.GetTask(id));
      change(*task);
      return tx.UpdateTask(*task);
    });
  }
  void ChangeCandidate(const std::function<void(v1::Candidate& candidate)>& change) {
    Write([&](Transaction& tx) -> absl::Status {
      BL_ASSIGN_OR_RETURN(std::optional<v1::Candidate> candidate, tx.GetCandidate(kSearch, 1));
      change(*candidate);
      return tx.PutCandidate(*candidate);
    });
  }
  void AddLate(int64_t epoch, const v1::TaskResult& result) {
    Write([&](Transaction& tx) {
      store::LateResult late;
      late.set_task(kMeasure);
      late.set_epoch(epoch);
      *late.mutable_result() = result;
      return tx.InsertLateResult(late);
    });
  }
  std::vector<std::string> Findings() {
    absl::StatusOr<std::vector<std::string>> findings = CheckDatabaseHistory(path_);
    EXPECT_THAT(findings, IsOk());
    return findings.value_or(std::vector<std::string>{"none"});
  }

  TestFolder folder_;
  const std::string path_ = folder_.Path("db");
};

TEST_F(CheckHistoryTest, ASearchThatSucceededHasNoFindings) {
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
}

TEST_F(CheckHistoryTest, ASecondMeasurementOfACandidateIsFound) {
  Write([](Transaction& tx) { return tx.InsertTask(Ended(Task::MEASURE, Measured())).status(); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("2 tasks of kind measurements")));
}

TEST_F(CheckHistoryTest, AnAnswerThatNoTaskGaveIsFound) {
  ChangeTask(kScore, [](Task& task) { task.set_state(Task::CANCELLED); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("has a top-1 that no task gave")));
  ChangeTask(kMeasure, [](Task& task) { task.set_state(Task::CANCELLED); });
  ChangeCandidate([](v1::Candidate& candidate) { candidate.clear_top1(); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("has a measurement that nobody made")));
}

TEST_F(CheckHistoryTest, AnAnswerThatDiffersFromItsTaskIsFound) {
  ChangeCandidate([](v1::Candidate& candidate) { candidate.set_top1(0.75); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("has top-1 0.75, the task said 0.5")));
  ChangeCandidate([](v1::Candidate& candidate) {
    candidate.set_top1(0.5);
    candidate.mutable_measurement()->set_macs(7);
  });
  EXPECT_THAT(Findings(), Contains(HasSubstr("another measurement than the task gave")));
}

TEST_F(CheckHistoryTest, AMeasurementBesideTheCacheIsFound) {
  ChangeCandidate([](v1::Candidate& candidate) { candidate.set_from_cache(true); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("although the cache had it")));
}

TEST_F(CheckHistoryTest, ACandidateThatIsNotThereIsFound) {
  Write([](Transaction& tx) { return tx.PutCandidate(CandidateRow(kSearch, 3)); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("lacks searches/a/candidates/2")));
}

TEST_F(CheckHistoryTest, AResultThatIsCountedTwiceIsFound) {
  Write([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Member> member, tx.GetMember("members/w"));
    member->set_tasks_done(5);
    BL_RETURN_IF_ERROR(tx.PutMember(*member));
    BL_ASSIGN_OR_RETURN(std::optional<v1::Board> board, tx.GetBoard("boards/b"));
    board->set_measurements(3);
    return tx.PutBoard(*board);
  });
  EXPECT_THAT(Findings(), ::testing::ElementsAre(HasSubstr("5 tasks of members were counted, 4"),
                                                 HasSubstr("3 measurements on boards were")));
}

TEST_F(CheckHistoryTest, MoreResultsThanGrantsAreFound) {
  ChangeTask(kMeasure, [](Task& task) { task.set_losses(1); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("task 2 was granted 1 times, what is counted of it "
                                             "needs 2 grants")));
  ChangeTask(kMeasure, [](Task& task) { task.set_epoch(2); });
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckHistoryTest, AnEndWithoutAResultOrATimeIsFound) {
  ChangeTask(kSpecialize, [](Task& task) { task.clear_result(); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("task 3 has ended without a result")));
  ChangeTask(kSpecialize, [](Task& task) {
    *task.mutable_result() = Done();
    task.clear_end_time_ms();
  });
  EXPECT_THAT(Findings(), Contains(HasSubstr("task 3 has ended without a time")));
}

TEST_F(CheckHistoryTest, ARepeatedResultIsTheOneThatWasCounted) {
  AddLate(1, Measured());
  EXPECT_THAT(Findings(), IsEmpty());
  AddLate(1, Done());
  EXPECT_THAT(Findings(), Contains(HasSubstr("task 2 has two results of epoch 1")));
}

TEST_F(CheckHistoryTest, AResultOfAnEpochThatNeverWasIsFound) {
  AddLate(2, Measured());
  EXPECT_THAT(Findings(), Contains(HasSubstr("result of epoch 2, it was granted 1 times")));
}

TEST_F(CheckHistoryTest, WhatRunsForASearchThatHasEndedIsFound) {
  Write([](Transaction& tx) { return tx.InsertTask(TaskRow(kSearch)).status(); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("has ended, and its task 5 has not")));
}

TEST_F(CheckHistoryTest, AWinnerThatWasNotVerifiedIsFound) {
  ChangeTask(kVerify, [](Task& task) { task.set_state(Task::FAILED); });
  EXPECT_THAT(Findings(), Contains(HasSubstr("which was not specialized and verified")));
}

}  // namespace
}  // namespace boardloop
