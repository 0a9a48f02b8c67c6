// A board's two threads, on a real virtual board: what runs beside what, and in which order. The test
// holds the threads at what they pass:
//
//   read a             task a's model is fetched
//   a generate, ...    a step of it begins
//   a prepared         it waits for the board
//   finish a
//   log LINE
#include "device-agent/service/board_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/graph/graph.h"
#include "core/graph/model_proto.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/toolchain.h"
#include "device-agent/service/agent_metrics.h"
#include "tests/firmware/runner/test_network.h"
#include "tests/support/gates.h"
#include "tests/support/metrics_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kType[] = "virtual-stm32f405";

Model SmallModel() {
  GraphBuilder builder("small");
  int32_t x = builder.Input({24, 24, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 10);
  return RandomModel(*std::move(builder).Build({x}), 1);
}

// A task whose model is named like it.
v1::Grant Grant(const std::string& task) {
  v1::Grant grant;
  grant.set_task(task);
  grant.set_epoch(1);
  v1::MeasureTask& measure = *grant.mutable_payload()->mutable_measure();
  measure.set_board_type(kType);
  measure.set_mode(v1::Measurement::IMAGE);
  measure.set_model(task);
  return grant;
}

class BoardWorkerTest : public testing::Test {
 protected:
  BoardWorkerTest() { signal(SIGPIPE, SIG_IGN); }
  ~BoardWorkerTest() override { Join(); }

  void Start() {
    BoardWorker::Options options{
        {}, LoadMeasurableType(kType).value_or(BoardType{}), {}, Build(), {}, nullptr};
    options.observer = &agent_.Add("one", kType);
    options.bench.name = "one";
    options.bench.type = kType;
    options.board.state_root = folder_.Path("state");
    BoardWorker::Callbacks callbacks;
    callbacks.finish = [this](const std::string& task, int64_t /*epoch*/, v1::TaskResult result) {
      results_[task] = std::move(result);
      gates_.Pass("finish " + task);
    };
    callbacks.changed = [] {};
    callbacks.step = [this](const std::string& task, int64_t /*epoch*/, const std::string& step) {
      gates_.Pass(task + " " + step);
    };
    callbacks.log = [this](const std::string& line) { gates_.Pass("log " + line); };
    const ArtifactAccess artifacts = {[this](const std::string& name) { return Read(name); },
                                      [](const std::string& /*bytes*/) { return "artifacts/x"; }};
    worker_ = std::make_unique<BoardWorker>(std::move(options), artifacts, callbacks);
  }
  void Add(const std::string& task) { worker_->Add(Grant(task)); }
  // Ends the worker, as its owner does.
  void Join() {
    gates_.OpenAll();
    worker_.reset();
  }
  // After Join().
  std::vector<std::string> Finished() const {
    std::vector<std::string> tasks;
    for (const std::string& point : gates_.passed()) {
      if (point.rfind("finish ", 0) == 0) tasks.push_back(point.substr(7));
    }
    return tasks;
  }
  // When it was passed first; it was.
  ptrdiff_t At(const std::string& point) const {
    const std::vector<std::string> passed = gates_.passed();
    const auto found = std::find(passed.begin(), passed.end(), point);
    EXPECT_NE(found, passed.end()) << point;
    return found - passed.begin();
  }

  double Metric(const std::string& series) {
    return ValueOf(metrics_.Render(), "boardloop_agent_" + series);
  }

  TestFolder folder_;
  Gates gates_;
  const SystemClock clock_{};
  Metrics metrics_{"boardloop-agent", "1"};
  AgentMetrics agent_{metrics_, clock_};
  std::map<std::string, v1::TaskResult> results_;  // Of the board's thread, until Join().
  std::map<std::string, std::string> models_;      // Instead of SmallModel; before Start().
  std::unique_ptr<BoardWorker> worker_;

 private:
  static Builder Build() {
    absl::StatusOr<Toolchain> toolchain = FindToolchain();
    EXPECT_THAT(toolchain, IsOk());
    absl::StatusOr<std::string> sources = FindFirmwareSources();
    EXPECT_THAT(sources, IsOk());
    return Builder(toolchain.value_or(Toolchain{}), {SharedBuildCache(), sources.value_or(""), 0});
  }
  absl::StatusOr<std::string> Read(const std::string& name) {
    gates_.Pass("read " + name);
    if (name == "absent") return absl::UnavailableError("the coordinator is away");
    const auto other = models_.find(name);
    return other == models_.end() ? SerializeModel(SmallModel()) : other->second;
  }
};

TEST_F(BoardWorkerTest, TheNextTaskIsPreparedWhileOneIsMeasured) {
  gates_.Close("a run");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("a run"));
  ASSERT_TRUE(gates_.Await("b prepared"));  // With a still there.
  EXPECT_FALSE(gates_.HasPassed("b connect"));
  gates_.Open("a run");
  ASSERT_TRUE(gates_.Await("finish b"));
  Join();
  for (const char* task : {"a", "b"}) {
    const v1::TaskResult& result = results_[task];
    EXPECT_EQ(result.outcome(), v1::TaskResult::DONE) << result.message();
    const v1::Measurement& measurement = result.measure().measurement();
    EXPECT_EQ(measurement.outcome(), v1::Measurement::OK) << measurement.message();
    EXPECT_EQ(measurement.board(), "boards/one");
    EXPECT_TRUE(measurement.exact());
    EXPECT_GT(result.seconds(), 0);
    EXPECT_EQ(measurement.seconds().count("build"), 1u);
    EXPECT_EQ(measurement.seconds().count("run"), 1u);
  }
}

TEST_F(BoardWorkerTest, WhatNeedsNoBoardHasItsTurnTooAndLeavesTheBoardAlone) {
  gates_.Close("a run");
  Start();
  Add("a");
  v1::Grant tight = Grant("b");
  tight.mutable_payload()->mutable_measure()->set_sram_limit_bytes(16);
  worker_->Add(tight);
  Add("c");
  ASSERT_TRUE(gates_.Await("b prepared"));
  gates_.Open("a run");
  ASSERT_TRUE(gates_.Await("finish c"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(results_["b"].outcome(), v1::TaskResult::DONE);
  const v1::Measurement& measurement = results_["b"].measure().measurement();
  EXPECT_EQ(measurement.outcome(), v1::Measurement::OUTCOME_INFEASIBLE);
  EXPECT_EQ(measurement.board(), "boards/one");
  EXPECT_THAT(gates_.passed(), Not(Contains("b connect")));
}

TEST_F(BoardWorkerTest, AModelThatIsNotThereOrNoneIsNotMeasured) {
  models_["broken"] = std::string("\x1c\0\0\0TFL3", 8);
  models_["short"] = "x";
  Start();
  Add("absent");
  Add("broken");
  Add("short");
  Add("a");
  ASSERT_TRUE(gates_.Await("finish a"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("absent", "broken", "short", "a"));
  EXPECT_EQ(results_["absent"].outcome(), v1::TaskResult::MEMBER_FAILED);
  EXPECT_THAT(results_["absent"].message(), HasSubstr("the coordinator is away"));
  EXPECT_EQ(results_["broken"].outcome(), v1::TaskResult::INVALID);
  EXPECT_EQ(results_["short"].outcome(), v1::TaskResult::INVALID);
  EXPECT_EQ(results_["a"].outcome(), v1::TaskResult::DONE);
}

TEST_F(BoardWorkerTest, ABoardThatCannotBeOpenedFailsItsTasks) {
  std::ofstream(folder_.Path("state")) << "a file";
  Start();
  Add("a");
  ASSERT_TRUE(gates_.Await("finish a"));
  EXPECT_THAT(worker_->Report().unusable(), HasSubstr("state folder"));
  Join();
  EXPECT_EQ(results_["a"].outcome(), v1::TaskResult::MEMBER_FAILED);
  EXPECT_THAT(results_["a"].message(), HasSubstr("state folder"));
}

// ---- Metrics.

TEST_F(BoardWorkerTest, WhatItDoesIsCounted) {
  gates_.Close("a run");
  Start();
  worker_->Check(3);
  Add("a");
  ASSERT_TRUE(gates_.Await("a run"));
  EXPECT_EQ(Metric("boards{state=\"measuring\"}"), 1);
  gates_.Open("a run");
  Add("absent");
  ASSERT_TRUE(gates_.Await("finish absent"));
  EXPECT_EQ(Metric("boards{state=\"idle\"}"), 1);
  EXPECT_EQ(Metric("board_checks_total{board=\"one\",result=\"ok\"}"), 1);
  EXPECT_EQ(Metric("golden_drift_ratio{board=\"one\"}"), 0) << "the first good check";
  const std::string type = std::string("board_type=\"") + kType + "\"";
  EXPECT_EQ(Metric("measurements_total{" + type + ",outcome=\"ok\"}"), 1);
  EXPECT_EQ(Metric("measurements_total{" + type + ",outcome=\"agent_failed\"}"), 1);
  for (const char* step : {"prepare", "build", "flash", "boot", "run", "read", "other"}) {
    EXPECT_EQ(Metric(std::string("step_seconds_count{step=\"") + step + "\"}"), 1) << step;
  }
  // The resident image of the board, and that of the task.
  EXPECT_EQ(Metric("builds_total{result=\"cached\"}") + Metric("builds_total{result=\"built\"}"),
            2);
  EXPECT_EQ(Metric("builds_total{result=\"failed\"}"), 0);
  EXPECT_GT(Metric("sector_erases_total{board=\"one\"}"), 0);
  EXPECT_GT(Metric("board_busy_seconds_total{board=\"one\"}"), 0);
}

// ---- Checks.

TEST_F(BoardWorkerTest, ATaskIsPreparedWhileTheBoardIsChecked) {
  gates_.Close("log boards/one: checked");
  Start();
  worker_->Check(3);
  ASSERT_TRUE(gates_.Await("log boards/one: checked"));
  Add("a");
  ASSERT_TRUE(gates_.Await("a prepared"));
  EXPECT_FALSE(gates_.HasPassed("a connect"));
  gates_.Open("log boards/one: checked");
  ASSERT_TRUE(gates_.Await("finish a"));
  EXPECT_EQ(worker_->Report().check(), 3);
  EXPECT_EQ(worker_->Report().check_message(), "");
  EXPECT_TRUE(worker_->Report().has_golden_drift());
  EXPECT_EQ(worker_->Report().golden_drift(), 0) << "it is the board's first good check";
}

TEST_F(BoardWorkerTest, ACheckComesBeforeATaskThatIsPrepared) {
  gates_.Close("a run");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("b prepared"));
  worker_->Check(3);
  gates_.Open("a run");
  ASSERT_TRUE(gates_.Await("finish b"));
  EXPECT_EQ(worker_->Report().check(), 3);
  EXPECT_LT(At("finish a"), At("log boards/one: checked"));
  EXPECT_LT(At("log boards/one: checked"), At("b connect"));
}

// ---- Given up.

TEST_F(BoardWorkerTest, GivenUpATaskThatWaitsIsNotFetched) {
  gates_.Close("read a");
  Start();
  Add("a");
  Add("b");
  Add("c");
  ASSERT_TRUE(gates_.Await("read a"));
  worker_->GiveUp("b", 1);
  gates_.Open("read a");
  ASSERT_TRUE(gates_.Await("finish c"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("a", "c"));
  EXPECT_THAT(gates_.passed(), Not(Contains("read b")));
}

TEST_F(BoardWorkerTest, GivenUpATaskThatIsBeingPreparedDoesNotReachTheBoard) {
  gates_.Close("read a");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("read a"));
  worker_->GiveUp("a", 1);
  gates_.Open("read a");
  ASSERT_TRUE(gates_.Await("finish b"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("b"));
  EXPECT_THAT(gates_.passed(), Not(Contains("a connect")));
}

TEST_F(BoardWorkerTest, GivenUpATaskThatIsPreparedDoesNotReachTheBoard) {
  gates_.Close("a run");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("b prepared"));
  worker_->GiveUp("b", 1);
  Add("c");
  ASSERT_TRUE(gates_.Await("c prepared"));  // b is out of its way.
  gates_.Open("a run");
  ASSERT_TRUE(gates_.Await("finish c"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("a", "c"));
  EXPECT_THAT(gates_.passed(), Not(Contains("b connect")));
}

TEST_F(BoardWorkerTest, GivenUpATaskThatRunsGoesOnAndSoDoesTheNext) {
  gates_.Close("a run");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("a run"));
  worker_->GiveUp("a", 1);
  gates_.Open("a run");
  ASSERT_TRUE(gates_.Await("finish b"));
  Join();
  EXPECT_THAT(Finished(), ElementsAre("a", "b"));
}

// ---- Stopped.

TEST_F(BoardWorkerTest, StoppedBeforeItHasAnythingItEnds) {
  Start();
  Join();
  EXPECT_THAT(Finished(), ElementsAre());
}

TEST_F(BoardWorkerTest, StoppedWhileATaskIsBeingPreparedItMeasuresNothing) {
  gates_.Close("read a");
  Start();
  Add("a");
  Add("b");
  ASSERT_TRUE(gates_.Await("read a"));
  worker_->Stop();
  Join();
  EXPECT_THAT(Finished(), ElementsAre());
  EXPECT_THAT(gates_.passed(), Not(Contains("a connect")));
  EXPECT_THAT(gates_.passed(), Not(Contains("read b")));
}

TEST_F(BoardWorkerTest, StoppedWhileOneIsMeasuredItEndsThatOneOnly) {
  gates_.Close("a run");
  Start();
  Add("a");
  Add("b");
  Add("c");
  ASSERT_TRUE(gates_.Await("b prepared"));
  ASSERT_TRUE(gates_.Await("a run"));
  worker_->Stop();
  Join();
  EXPECT_THAT(Finished(), ElementsAre("a"));
  EXPECT_EQ(results_["a"].measure().measurement().outcome(), v1::Measurement::OK);
  EXPECT_THAT(gates_.passed(), Not(Contains("read c")));
}

TEST_F(BoardWorkerTest, StoppedDuringACheckItEndsThatOnly) {
  gates_.Close("log boards/one: checked");
  Start();
  worker_->Check(3);
  ASSERT_TRUE(gates_.Await("log boards/one: checked"));
  Add("a");
  ASSERT_TRUE(gates_.Await("a prepared"));
  worker_->Stop();
  Join();
  EXPECT_THAT(Finished(), ElementsAre());
}

}  // namespace
}  // namespace boardloop
