// What is counted as it happens: tasks, measurements, candidates, the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/metrics/labels.h"
#include "server/metrics/search_metrics.h"
#include "server/metrics/store_metrics.h"
#include "server/metrics/task_metrics.h"
#include "tests/support/memory_store.h"
#include "tests/support/metrics_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using store::Task;

constexpr char kType[] = "virtual-stm32f405";

class TaskMetricsTest : public ::testing::Test {
 protected:
  static Task TaskOf(Task::Kind kind, const std::string& requirement) {
    Task task;
    task.set_kind(kind);
    task.set_requirement(requirement);
    task.set_epoch(1);
    task.set_create_time_ms(1000);
    task.set_grant_time_ms(4000);
    return task;
  }
  static v1::TaskResult Measured(v1::Measurement::Outcome outcome) {
    v1::TaskResult result;
    result.set_outcome(v1::TaskResult::DONE);
    result.set_seconds(3);
    result.mutable_measure()->mutable_measurement()->set_outcome(outcome);
    return result;
  }
  double Value(const std::string& series) {
    return ValueOf(metrics_.Render(), "boardloop_" + series);
  }

  Metrics metrics_{"boardloop-server", "test"};
  BoundedLabel board_types_{kMaxBoardTypes};
  TaskMetrics tasks_{metrics_, board_types_};
};

TEST_F(TaskMetricsTest, TheWaitForTheFirstGrantIsCounted) {
  Task task = TaskOf(Task::SCORE, "/data");
  tasks_.TaskGranted(task);
  task.set_epoch(2);
  tasks_.TaskGranted(task);
  EXPECT_EQ(Value("tasks_granted_total{kind=\"score\"}"), 2);
  EXPECT_EQ(Value("task_queue_seconds_count{kind=\"score\"}"), 1);
  EXPECT_EQ(Value("task_queue_seconds_sum{kind=\"score\"}"), 3);
  EXPECT_EQ(Value("tasks_granted_total{kind=\"train\"}"), 0);
}

TEST_F(TaskMetricsTest, ResultsAreCountedByHowTheyEnd) {
  v1::TaskResult result;
  result.set_seconds(2);
  for (const auto outcome : {v1::TaskResult::DONE, v1::TaskResult::INVALID,
                             v1::TaskResult::MEMBER_FAILED, v1::TaskResult::RETURNED}) {
    result.set_outcome(outcome);
    tasks_.ResultCame(TaskOf(Task::TRAIN, "/data"), result, /*late=*/false);
  }
  tasks_.ResultCame(TaskOf(Task::TRAIN, "/data"), result, /*late=*/true);
  for (const char* outcome : {"done", "invalid", "member_failed", "returned", "late"}) {
    EXPECT_EQ(Value(absl::StrCat("task_results_total{kind=\"train\",outcome=\"", outcome, "\"}")),
              1)
        << outcome;
  }
  EXPECT_EQ(Value("task_seconds_count{kind=\"train\"}"), 3) << "of work that came to an end";
}

TEST_F(TaskMetricsTest, AMeasurementSaysItsStepsAndItsSpread) {
  v1::TaskResult result = Measured(v1::Measurement::OK);
  v1::Measurement& measurement = *result.mutable_measure()->mutable_measurement();
  for (const int64_t cycles : {1000, 1010, 990}) measurement.add_cycles(cycles);
  measurement.set_median_cycles(1000);
  (*measurement.mutable_seconds())["generate"] = 0.5;
  (*measurement.mutable_seconds())["load"] = 0.25;
  (*measurement.mutable_seconds())["flash"] = 4;
  (*measurement.mutable_seconds())["connect"] = 8;
  tasks_.ResultCame(TaskOf(Task::MEASURE, kType), result, /*late=*/false);
  const std::string series =
      absl::StrCat("measurements_total{board_type=\"", kType, "\",outcome=\"");
  EXPECT_EQ(Value(series + "ok\"}"), 1);
  EXPECT_EQ(Value("measurement_step_seconds_sum{step=\"prepare\"}"), 0.75);
  EXPECT_EQ(Value("measurement_step_seconds_sum{step=\"flash\"}"), 4);
  EXPECT_EQ(Value("measurement_step_seconds_sum{step=\"other\"}"), 8);
  EXPECT_EQ(Value("measurement_step_seconds_count{step=\"run\"}"), 0);
  EXPECT_EQ(Value("measurement_repeat_spread_ratio_sum"), 0.02);
}

TEST_F(TaskMetricsTest, AFailureWithoutAMeasurementIsTheAgentsOrTheFiles) {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::MEMBER_FAILED);
  tasks_.ResultCame(TaskOf(Task::MEASURE, kType), result, /*late=*/false);
  result.set_outcome(v1::TaskResult::INVALID);
  tasks_.ResultCame(TaskOf(Task::MEASURE, kType), result, /*late=*/false);
  tasks_.ResultCame(TaskOf(Task::MEASURE, kType), Measured(v1::Measurement::OUTCOME_INFEASIBLE),
                    /*late=*/false);
  for (const char* outcome : {"agent_failed", "invalid_model", "infeasible"}) {
    EXPECT_EQ(Value(absl::StrCat("measurements_total{board_type=\"", kType, "\",outcome=\"",
                                 outcome, "\"}")),
              1);
  }
}

TEST_F(TaskMetricsTest, ManyBoardTypesBecomeOther) {
  for (int i = 0; i < 100; ++i) {
    const std::string type = absl::StrCat("type-", i);
    tasks_.BoardQuarantined(type);
    tasks_.ResultCame(TaskOf(Task::MEASURE, type), Measured(v1::Measurement::OK), /*late=*/false);
  }
  EXPECT_GT(Value("boards_quarantined_total{board_type=\"other\"}"), 80);
  for (const auto& [metric, series] : SeriesByMetric(metrics_.Render())) {
    EXPECT_LE(series, 100) << metric;
  }
}

TEST(SearchMetricsTest, CandidatesAndTheirPredictionsAreCounted) {
  Metrics metrics("boardloop-server", "test");
  SearchMetrics searches(metrics);
  v1::Candidate candidate;
  candidate.set_latency_ms(100);
  searches.CandidateMeasured(candidate);  // Nothing was predicted.
  candidate.set_predicted_latency_ms(90);
  candidate.set_from_cache(true);
  searches.CandidateMeasured(candidate);
  candidate.clear_latency_ms();  // It did not fit.
  searches.CandidateMeasured(candidate);
  searches.CandidateScored();
  searches.SearchEnded(v1::Search::INFEASIBLE);
  const std::string text = metrics.Render();
  EXPECT_EQ(ValueOf(text, "boardloop_candidates_scored_total"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_candidates_measured_total{source=\"board\"}"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_candidates_measured_total{source=\"cache\"}"), 2);
  EXPECT_EQ(ValueOf(text, "boardloop_prediction_error_ratio_count"), 1);
  EXPECT_NEAR(ValueOf(text, "boardloop_prediction_error_ratio_sum"), 0.1, 1e-9);
  EXPECT_EQ(ValueOf(text, "boardloop_searches_ended_total{state=\"infeasible\"}"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_searches_ended_total{state=\"succeeded\"}"), 0);
}

TEST(StoreMetricsTest, DurableTransactionsAreCounted) {
  Metrics metrics("boardloop-server", "test");
  StoreMetrics counted(metrics);
  const std::unique_ptr<Store> store = counted.Watch(std::make_unique<MemoryStore>());
  EXPECT_THAT(store->Run([](Transaction&) { return absl::OkStatus(); }), IsOk());
  EXPECT_FALSE(store->Run([](Transaction&) { return absl::AbortedError("as told"); }).ok());
  EXPECT_THAT(store->Read([](Transaction&) { return absl::OkStatus(); }), IsOk());
  CommitStats stats;
  stats.commit = absl::Milliseconds(2);
  counted.Committed(stats);
  stats.committed = false;
  counted.Committed(stats);
  const std::string text = metrics.Render();
  EXPECT_EQ(ValueOf(text, "boardloop_store_transactions_total"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_store_wait_seconds_count"), 2);
  EXPECT_EQ(ValueOf(text, "boardloop_store_commit_seconds_count"), 1);
}

TEST(StoreMetricsTest, AQueueIsSeenByWhoLooks) {
  Metrics metrics("boardloop-server", "test");
  StoreMetrics counted(metrics);
  const std::unique_ptr<Store> store = counted.Watch(std::make_unique<MemoryStore>());
  MemoryStore other;
  const TestFolder folder;
  EXPECT_THAT(store->Run([&](Transaction&) { return counted.LookUp(other, folder.path()); }),
              IsOk());
  EXPECT_EQ(ValueOf(metrics.Render(), "boardloop_store_queue_length"), 1);
  EXPECT_THAT(counted.LookUp(*store, folder.path()), IsOk());
  EXPECT_EQ(ValueOf(metrics.Render(), "boardloop_store_queue_length"), 0);
  EXPECT_GT(ValueOf(metrics.Render(), "boardloop_state_free_bytes"), 0);
}

}  // namespace
}  // namespace boardloop
