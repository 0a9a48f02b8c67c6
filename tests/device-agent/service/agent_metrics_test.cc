#include "device-agent/service/agent_metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/metrics_text.h"

namespace boardloop {
namespace {

v1::TaskResult Measured(v1::Measurement::Outcome outcome) {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  result.mutable_measure()->mutable_measurement()->set_outcome(outcome);
  return result;
}

v1::TaskResult Failed(v1::TaskResult::Outcome outcome) {
  v1::TaskResult result;
  result.set_outcome(outcome);
  return result;
}

class AgentMetricsTest : public testing::Test {
 protected:
  double Value(const std::string& series) { return ValueOf(metrics_.Render(), series); }
  double Boards(const std::string& state) {
    return Value("boardloop_agent_boards{state=\"" + state + "\"}");
  }
  double Measurements(const std::string& type, const std::string& outcome) {
    return Value("boardloop_agent_measurements_total{board_type=\"" + type + "\",outcome=\"" +
                 outcome + "\"}");
  }
  double OfBoard(const std::string& metric, const std::string& board) {
    return Value("boardloop_agent_" + metric + "{board=\"" + board + "\"}");
  }

  FakeClock clock_;
  Metrics metrics_{"boardloop-agent", "1"};
  AgentMetrics agent_{metrics_, clock_};
};

TEST_F(AgentMetricsTest, EveryMetricIsThereFromTheStartWithAllItsLabels) {
  agent_.Add("desk-one", "stm32f405");
  const std::string text = metrics_.Render();
  for (const char* state : {"idle", "measuring", "failed"}) EXPECT_EQ(Boards(state), 0);
  EXPECT_EQ(Boards("checking"), 1);
  for (const char* outcome : {"ok", "infeasible", "candidate_failed", "board_failed",
                              "probe_failed", "agent_failed", "invalid_model"}) {
    EXPECT_EQ(Measurements("stm32f405", outcome), 0);
  }
  for (const char* step : {"prepare", "build", "flash", "boot", "run", "read", "other"}) {
    EXPECT_EQ(
        ValueOf(text, absl::StrCat("boardloop_agent_step_seconds_count{step=\"", step, "\"}")), 0);
  }
  for (const char* result : {"cached", "built", "failed"}) {
    EXPECT_EQ(ValueOf(text, absl::StrCat("boardloop_agent_builds_total{result=\"", result, "\"}")),
              0);
  }
  for (const char* result : {"ok", "failed"}) {
    EXPECT_EQ(ValueOf(text, absl::StrCat(
                                "boardloop_agent_board_checks_total{board=\"desk-one\",result=\"",
                                result, "\"}")),
              0);
  }
  for (const char* metric : {"golden_drift_ratio", "sector_erases_total", "probe_restarts_total",
                             "board_busy_seconds_total"}) {
    EXPECT_EQ(OfBoard(metric, "desk-one"), 0);
  }
}

TEST_F(AgentMetricsTest, SixtyBoardsOfSixtyTypesMakeAHundredSeriesOfAMetricAtMost) {
  for (int i = 0; i < 60; ++i) {
    BoardObserver& board = agent_.Add(absl::StrCat("desk-", i), absl::StrCat("type-", i));
    board.Wore(/*sector_erases=*/1, /*probe_restarts=*/2);
    board.Checked(true, 0.001 * i);
    board.Measured(Measured(v1::Measurement::OK));
  }
  const std::string text = metrics_.Render();
  for (const auto& [metric, series] : SeriesByMetric(text)) EXPECT_LE(series, 100) << metric;
  // The last twelve are one: sums of what is counted, and the worst drift.
  EXPECT_EQ(OfBoard("sector_erases_total", "desk-47"), 1);
  EXPECT_EQ(OfBoard("sector_erases_total", "other"), 12);
  EXPECT_EQ(OfBoard("probe_restarts_total", "other"), 24);
  EXPECT_EQ(OfBoard("golden_drift_ratio", "other"), 0.059);
  EXPECT_EQ(Measurements("type-12", "ok"), 1);
  EXPECT_EQ(Measurements("other", "ok"), 47);
  EXPECT_EQ(Boards("checking"), 60);
}

TEST_F(AgentMetricsTest, ABoardIsBusyWhileItIsCheckedOrMeasuredOn) {
  BoardObserver& board = agent_.Add("desk-one", "t");
  clock_.Advance(absl::Seconds(7));  // Nobody has asked for a check yet.
  board.Turned(BoardActivity::kChecking);
  clock_.Advance(absl::Seconds(5));
  board.Turned(BoardActivity::kIdle);
  EXPECT_EQ(Boards("idle"), 1);
  clock_.Advance(absl::Seconds(100));
  board.Turned(BoardActivity::kMeasuring);
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Boards("measuring"), 1);
  EXPECT_EQ(Boards("checking"), 0);
  EXPECT_EQ(OfBoard("board_busy_seconds_total", "desk-one"), 7);
  board.Turned(BoardActivity::kFailed);
  clock_.Advance(absl::Seconds(100));
  EXPECT_EQ(OfBoard("board_busy_seconds_total", "desk-one"), 7);
  EXPECT_EQ(Boards("failed"), 1);
}

TEST_F(AgentMetricsTest, AMeasurementCountsByWhoseItsFailureIs) {
  BoardObserver& board = agent_.Add("desk-one", "t");
  board.Measured(Measured(v1::Measurement::OK));
  board.Measured(Measured(v1::Measurement::OUTCOME_INFEASIBLE));
  board.Measured(Failed(v1::TaskResult::INVALID));
  board.Measured(Failed(v1::TaskResult::MEMBER_FAILED));
  EXPECT_EQ(Measurements("t", "ok"), 1);
  EXPECT_EQ(Measurements("t", "infeasible"), 1);
  EXPECT_EQ(Measurements("t", "invalid_model"), 1);
  EXPECT_EQ(Measurements("t", "agent_failed"), 1);
  EXPECT_EQ(Measurements("t", "board_failed"), 0);
}

TEST_F(AgentMetricsTest, ChecksKeepTheLastDriftThatWasMeasured) {
  BoardObserver& board = agent_.Add("desk-one", "t");
  board.Checked(true, 0.002);
  board.Checked(false, std::nullopt);  // The probe did not answer.
  EXPECT_EQ(OfBoard("golden_drift_ratio", "desk-one"), 0.002);
  EXPECT_EQ(Value("boardloop_agent_board_checks_total{board=\"desk-one\",result=\"ok\"}"), 1);
  EXPECT_EQ(Value("boardloop_agent_board_checks_total{board=\"desk-one\",result=\"failed\"}"), 1);
}

TEST_F(AgentMetricsTest, StepsCountUnderTheNamesOfTheWholeFarm) {
  BoardObserver& board = agent_.Add("desk-one", "t");
  for (const char* step :
       {"generate", "load", "build", "image", "connect", "flash", "boot", "run", "check"}) {
    board.StepEnded(step, 0.25);
  }
  const std::string text = metrics_.Render();
  const auto sum = [&](const std::string& step) {
    return ValueOf(text, "boardloop_agent_step_seconds_sum{step=\"" + step + "\"}");
  };
  EXPECT_EQ(sum("prepare"), 0.5);
  EXPECT_EQ(sum("build"), 0.5);
  EXPECT_EQ(sum("flash"), 0.25);
  EXPECT_EQ(sum("boot"), 0.25);
  EXPECT_EQ(sum("run"), 0.25);
  EXPECT_EQ(sum("read"), 0.25);
  EXPECT_EQ(sum("other"), 0.25);
}

}  // namespace
}  // namespace boardloop
