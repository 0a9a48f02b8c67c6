// The metrics of a whole coordinator: that there are those that docs/metrics.md names, from the start and in bounded number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/metrics_text.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class ServerMetricsTest : public CoordinatorTest {
 protected:
  double Value(const std::string& series) {
    return ValueOf(metrics_.Render(), "boardloop_" + series);
  }
  // Until it is at least 1: the coordinator's own thread makes it so.
  void AwaitOne(const std::string& series) {
    const absl::Time end = absl::Now() + absl::Seconds(60);
    while (Value(series) < 1 && absl::Now() < end) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_GE(Value(series), 1) << series;
  }
};

// `pattern` with each * replaced by each value.
std::vector<std::string> Each(const std::string& pattern, const std::vector<std::string>& values) {
  std::vector<std::string> all;
  for (const std::string& value : values) {
    std::string text = pattern;
    text.replace(text.find('*'), 1, value);
    all.push_back(text);
  }
  return all;
}

const std::vector<std::string>& Kinds() {
  static const auto& kinds =
      *new std::vector<std::string>{"train", "score", "specialize", "measure"};
  return kinds;
}

TEST_F(ServerMetricsTest, AllAreThereFromTheStart) {
  std::vector<std::string> expected = {
      "build_info{program=\"boardloop-server\",version=\"test\"}",
      "metrics_cpu_seconds_total",
      "candidates_scored_total",
      "measurement_repeat_spread_ratio_count",
      "prediction_error_ratio_count",
      "store_commit_seconds_count",
      "store_wait_seconds_count",
      "store_transactions_total",
      "store_queue_length",
      "store_wal_bytes",
      "store_database_bytes",
      "artifact_bytes",
      "state_free_bytes",
  };
  const auto expect = [&](const std::string& pattern, const std::vector<std::string>& values) {
    for (const std::string& series : Each(pattern, values)) expected.push_back(series);
  };
  const std::vector<std::string> ends = {"succeeded", "infeasible", "failed", "cancelled"};
  expect("searches{state=\"*\"}", ends);
  expected.push_back("searches{state=\"running\"}");
  expect("searches_ended_total{state=\"*\"}", ends);
  for (int slot = 1; slot <= 8; ++slot) {
    const std::string label = absl::StrCat("{slot=\"", slot, "\"");
    for (const char* metric : {"best_top1_ratio", "front_hypervolume_ratio", "progress_ratio",
                               "remaining_seconds", "generation", "start_timestamp_seconds"}) {
      expected.push_back(absl::StrCat("search_", metric, label, "}"));
    }
    expect("search_stage" + label + ",stage=\"*\"}",
           {"space_optimization", "supernet", "evolution", "specialization", "delivery"});
    expect("search_candidates" + label + ",state=\"*\"}",
           {"pending", "feasible", "infeasible", "failed"});
  }
  expect("candidates_measured_total{source=\"*\"}", {"board", "cache"});
  const std::string type = absl::StrCat("board_type=\"", kType, "\"");
  for (const char* metric : {"tasks_queued", "tasks_running", "task_oldest_queued_seconds"}) {
    expect(absl::StrCat(metric, "{board_type=\"\",kind=\"*\"}"), {"train", "score", "specialize"});
    expected.push_back(absl::StrCat(metric, "{", type, ",kind=\"measure\"}"));
  }
  expect("tasks_granted_total{kind=\"*\"}", Kinds());
  expect("task_leases_expired_total{kind=\"*\"}", Kinds());
  expect("task_queue_seconds_count{kind=\"*\"}", Kinds());
  expect("task_seconds_count{kind=\"*\"}", Kinds());
  for (const std::string& kind : Kinds()) {
    expect("task_results_total{kind=\"" + kind + "\",outcome=\"*\"}",
           {"done", "invalid", "member_failed", "returned", "late"});
  }
  expect("measurements_total{" + type + ",outcome=\"*\"}",
         {"ok", "infeasible", "candidate_failed", "board_failed", "probe_failed", "agent_failed",
          "invalid_model"});
  expect("measurement_step_seconds_count{step=\"*\"}",
         {"prepare", "build", "flash", "boot", "run", "read", "other"});
  for (const char* metric : {"predictor_error_ratio", "predictor_measurements",
                             "boards_quarantined_total", "golden_drift_ratio"}) {
    expected.push_back(absl::StrCat(metric, "{", type, "}"));
  }
  expect("boards{" + type + ",state=\"*\"}",
         {"offline", "checking", "idle", "measuring", "drained", "quarantined"});
  for (const char* kind : {"worker", "agent"}) {
    expect(absl::StrCat("members{kind=\"", kind, "\",state=\"*\"}"),
           {"active", "draining", "lost"});
  }
  const std::vector<std::string> services = {"SearchService", "BoardService",    "MeasureService",
                                             "TaskService",   "ArtifactService", "AdminService"};
  expect("rpc_requests_total{method=\"*\"}",
         {"SearchService/CreateSearch", "SearchService/WatchSearch", "BoardService/ListBoards",
          "MeasureService/CreateMeasurement", "TaskService/Synchronize",
          "ArtifactService/WriteArtifact", "AdminService/BackUpDatabase"});
  expect("rpc_errors_total{code=\"NOT_FOUND\",service=\"*\"}", services);
  expect("rpc_errors_total{code=\"INTERNAL\",service=\"*\"}", services);
  expect("rpc_seconds_count{service=\"*\"}", services);
  expect("rpc_streams{service=\"*\"}", services);

  const std::string text = metrics_.Render();
  for (const std::string& series : expected) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\nboardloop_", series, " ")));
  }
  for (const char* process : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                              "process_start_time_seconds", "process_open_fds"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\n", process, " ")));
  }
}

TEST_F(ServerMetricsTest, NoMetricGrowsWithSearchesBoardsOrTypes) {
  for (int i = 0; i < 20; ++i) Create(absl::StrCat("search-", i));
  for (int i = 0; i < 30; ++i) {
    TestMember agent = Agent(absl::StrCat("agent-", i), 4, absl::StrCat("type-", i));
    Synchronize(agent);
    TestMember worker = Worker(absl::StrCat("worker-", i), {absl::StrCat("/data/", i)});
    Synchronize(worker);
  }
  const std::string text = metrics_.Render();
  for (const auto& [metric, series] : SeriesByMetric(text)) EXPECT_LE(series, 100) << metric;
  EXPECT_EQ(ValueOf(text, "boardloop_searches{state=\"running\"}"), 20);
  EXPECT_EQ(ValueOf(text, "boardloop_members{kind=\"agent\",state=\"active\"}"), 30);
  EXPECT_GT(ValueOf(text, "boardloop_boards{board_type=\"other\",state=\"checking\"}"), 0);
}

TEST_F(ServerMetricsTest, CallsAreCountedByMethodErrorsByCode) {
  EXPECT_THAT(Get("searches/none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Call(&v1::SearchService::Stub::ListSearches, v1::ListSearchesRequest()), IsOk());
  EXPECT_EQ(Value("rpc_requests_total{method=\"SearchService/GetSearch\"}"), 1);
  EXPECT_EQ(Value("rpc_requests_total{method=\"SearchService/ListSearches\"}"), 1);
  EXPECT_EQ(Value("rpc_errors_total{code=\"NOT_FOUND\",service=\"SearchService\"}"), 1);
  EXPECT_EQ(Value("rpc_seconds_count{service=\"SearchService\"}"), 2);
}

TEST_F(ServerMetricsTest, StreamsAreCountedWhileTheyAreOpenAndHaveNoTime) {
  Create("s");
  v1::SearchService::Stub stub(channel_);
  grpc::ClientContext context;
  v1::WatchSearchRequest request;
  request.set_name("searches/s");
  const auto reader = stub.WatchSearch(&context, request);
  v1::WatchSearchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(Value("rpc_streams{service=\"SearchService\"}"), 1);
  context.TryCancel();
  while (reader->Read(&response)) continue;
  (void)reader->Finish();
  Stop();  // Waits for its handler.
  EXPECT_EQ(Value("rpc_streams{service=\"SearchService\"}"), 0);
  EXPECT_EQ(Value("rpc_requests_total{method=\"SearchService/WatchSearch\"}"), 1);
  EXPECT_EQ(Value("rpc_seconds_count{service=\"SearchService\"}"), 1) << "of CreateSearch alone";
}

TEST_F(ServerMetricsTest, TasksAreSeenFromQueueToResult) {
  const v1::Search search = CreateInSupernet("s");
  const std::string data = SmallSpec().dataset().path();
  Await("searches/s", [](const v1::Search& s) { return s.stage() == v1::Search::EVOLUTION; });
  const std::string scores = "tasks_queued{board_type=\"\",kind=\"score\"}";
  AwaitOne(scores);
  clock_.Advance(absl::Seconds(10));
  const double queued = Value(scores);
  EXPECT_EQ(Value("task_oldest_queued_seconds{board_type=\"\",kind=\"score\"}"), 10);
  EXPECT_EQ(Value(absl::StrCat("tasks_queued{board_type=\"", kType, "\",kind=\"measure\"}")),
            queued);
  TestMember worker = Worker("w", {data});
  Synchronize(worker);
  ASSERT_GE(worker.response.grants_size(), 1);
  const int granted = worker.response.grants_size();
  EXPECT_EQ(Value("tasks_running{board_type=\"\",kind=\"score\"}"), granted);
  EXPECT_EQ(Value("tasks_granted_total{kind=\"score\"}"), granted);
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  result.mutable_score()->set_top1(0.5);
  Finish(worker, worker.response.grants(0).task(), result);
  Synchronize(worker);
  EXPECT_EQ(Value("candidates_scored_total"), 1);
  EXPECT_EQ(Value("task_results_total{kind=\"score\",outcome=\"done\"}"), 1);
  EXPECT_EQ(Value("search_stage{slot=\"1\",stage=\"evolution\"}"), 1);
  EXPECT_EQ(Value("members{kind=\"worker\",state=\"active\"}"), 1);
}

TEST_F(ServerMetricsTest, TheWorstBoardsDriftIsThatOfItsType) {
  TestMember agent = Agent("a", 2);
  BringUp(agent);
  agent.request.mutable_boards(0)->set_golden_drift(0.001);
  agent.request.mutable_boards(1)->set_golden_drift(0.004);
  Synchronize(agent);
  EXPECT_EQ(Value(absl::StrCat("golden_drift_ratio{board_type=\"", kType, "\"}")), 0.004);
  EXPECT_EQ(Value(absl::StrCat("boards{board_type=\"", kType, "\",state=\"idle\"}")), 2);
}

TEST_F(ServerMetricsTest, CancelledSearchesAreCountedOnce) {
  Create("s");
  v1::CancelSearchRequest request;
  request.set_name("searches/s");
  EXPECT_THAT(Call(&v1::SearchService::Stub::CancelSearch, request), IsOk());
  EXPECT_THAT(Call(&v1::SearchService::Stub::CancelSearch, request), IsOk());
  EXPECT_EQ(Value("searches_ended_total{state=\"cancelled\"}"), 1);
  EXPECT_EQ(Value("searches{state=\"cancelled\"}"), 1);
}

TEST_F(ServerMetricsTest, TheyMayBeAskedForWhenTheCoordinatorHasGone) {
  Create("s");
  EXPECT_EQ(Value("searches{state=\"running\"}"), 1);
  Stop();
  EXPECT_EQ(Value("searches{state=\"running\"}"), 1) << "as it was last";
}

}  // namespace
}  // namespace boardloop
