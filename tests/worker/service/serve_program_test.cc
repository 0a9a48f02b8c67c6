// `boardloop-worker serve` as an operator runs it, against a coordinator in small that has real artifacts.
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "server/api/artifact_service.h"
#include "server/artifacts/artifact_files.h"
#include "tests/support/artifact_rows_store.h"
#include "tests/support/metrics_text.h"
#include "tests/support/scripted_task_service.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"
#include "worker/torch/checkpoint.h"

namespace boardloop {
namespace {

using testing::HasSubstr;
using Task = ScriptedTaskService::Task;

constexpr int64_t kMaxLog = 1 << 20;

class ServeProgramTest : public testing::Test {
 protected:
  ServeProgramTest()
      : files_(
            ArtifactFiles::Create(world_.At("artifacts"), rows_, ArtifactFiles::Options()).value()),
        artifacts_(*files_),
        coordinator_(&artifacts_) {
    signal(SIGPIPE, SIG_IGN);
  }

  ChildProcess Serve(const std::string& state, const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv = {
        BOARDLOOP_WORKER, "serve",   "--server",         coordinator_.address(), "--name",
        "test",           "--state", world_.At(state),   "--checkpoint-seconds", "0.05",
        "--threads",      "2",       "--metrics-listen", "127.0.0.1:0"};
    argv.insert(argv.end(), more.begin(), more.end());
    ChildProcess::Options options;
    options.log_path = world_.At("log");
    absl::StatusOr<ChildProcess> worker = ChildProcess::Start(argv, options);
    EXPECT_THAT(worker, IsOk());
    return worker.ok() ? *std::move(worker) : ChildProcess();
  }
  static int Wait(ChildProcess& worker) {
    while (worker.Running()) usleep(1000);
    return worker.exit_code();
  }
  std::string Log() const { return ReadFile(world_.At("log"), kMaxLog).value_or(""); }

  v1::TaskPayload Train(double epochs) const {
    v1::TaskPayload payload;
    *payload.mutable_train() = world_.Train();
    payload.mutable_train()->mutable_training()->set_epochs(epochs);
    return payload;
  }
  static bool HasCheckpoint(const Task& task) { return !task.checkpoint.empty(); }

  TaskWorld world_;
  ArtifactRowsStore rows_;
  std::unique_ptr<ArtifactFiles> files_;
  ArtifactService artifacts_;
  ScriptedTaskService coordinator_;
};

TEST_F(ServeProgramTest, AStopIsCleanAndHandsTrainingBack) {
  const std::string task = coordinator_.Queue(Train(10000), world_.data_folder());
  ChildProcess worker = Serve("state");
  coordinator_.Await(task, HasCheckpoint);
  EXPECT_EQ(coordinator_.LastRequest().member(), "members/test");
  kill(worker.pid(), SIGTERM);
  EXPECT_EQ(Wait(worker), 0) << Log();
  EXPECT_EQ(coordinator_.Get(task).returned, 1);
  EXPECT_THAT(Log(), HasSubstr("connected to"));
  EXPECT_THAT(Log(), HasSubstr("stopped"));
}

TEST_F(ServeProgramTest, KilledItsTaskGoesOnElsewhereWithTheSameResult) {
  const std::string whole = coordinator_.Queue(Train(12), world_.data_folder());
  ChildProcess first = Serve("one");
  const v1::TaskResult unbroken = coordinator_.AwaitResult(whole);
  ASSERT_EQ(unbroken.outcome(), v1::TaskResult::DONE) << unbroken.message();

  const std::string task = coordinator_.Queue(Train(12), world_.data_folder());
  coordinator_.Await(task, HasCheckpoint);
  kill(first.pid(), SIGKILL);
  Wait(first);
  coordinator_.TakeAway(task, /*queue_again=*/true);  // As when its lease ends.
  ChildProcess second = Serve("two");
  const v1::TaskResult result = coordinator_.AwaitResult(task);
  ASSERT_EQ(result.outcome(), v1::TaskResult::DONE) << result.message();
  EXPECT_EQ(result.train().supernet(), unbroken.train().supernet());
  kill(second.pid(), SIGINT);
  EXPECT_EQ(Wait(second), 0) << Log();
}

TEST_F(ServeProgramTest, ScoresWithWhatItDownloads) {
  ChildProcess worker = Serve("state");
  const v1::TaskResult trained =
      coordinator_.AwaitResult(coordinator_.Queue(Train(1), world_.data_folder()));
  ASSERT_EQ(trained.outcome(), v1::TaskResult::DONE) << trained.message();
  v1::TaskPayload score;
  *score.mutable_score() = world_.Score(trained.train().supernet(), world_.SmallestText());
  const v1::TaskResult scored =
      coordinator_.AwaitResult(coordinator_.Queue(score, world_.data_folder()));
  EXPECT_EQ(scored.outcome(), v1::TaskResult::DONE) << scored.message();
}

TEST_F(ServeProgramTest, ItsMetricsAreWhereItsStateFolderSays) {
  ChildProcess worker = Serve("state");
  const v1::TaskResult trained =
      coordinator_.AwaitResult(coordinator_.Queue(Train(1), world_.data_folder()));
  ASSERT_EQ(trained.outcome(), v1::TaskResult::DONE) << trained.message();
  const std::string file = world_.At("state") + "/metrics-address";
  absl::StatusOr<std::string> address = ReadFile(file, kMaxLog);
  ASSERT_THAT(address, IsOk());
  address->pop_back();  // The end of the line.
  EXPECT_THAT(Log(), HasSubstr("metrics at http://" + *address + "/metrics"));
  const auto answer = httplib::Client("http://" + *address).Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(ValueOf(answer->body, "boardloop_member_connected"), 1);
  EXPECT_EQ(ValueOf(answer->body, "boardloop_worker_info{device=\"cpu, 2 threads\"}"), 1);
  EXPECT_EQ(ValueOf(answer->body, "boardloop_worker_tasks_total{kind=\"train\",outcome=\"done\"}"),
            1);
  EXPECT_GT(ValueOf(answer->body, "boardloop_worker_memory_bytes{kind=\"used\"}"), 0);
  kill(worker.pid(), SIGTERM);
  EXPECT_EQ(Wait(worker), 0) << Log();
  EXPECT_THAT(ReadFile(file, kMaxLog), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ServeProgramTest, NothingOutsideTheDataRootsIsTrainedOn) {
  ChildProcess worker = Serve("state", {"--data-root", world_.At("elsewhere")});
  const std::string task = coordinator_.Queue(Train(1), world_.data_folder());
  coordinator_.AwaitCalls(3);
  EXPECT_EQ(coordinator_.Get(task).epoch, 0);
  EXPECT_THAT(Log(), HasSubstr("--data-root"));
  // Nor when it is granted without having been offered.
  const v1::TaskResult result = coordinator_.AwaitResult(coordinator_.Queue(Train(1)));
  EXPECT_EQ(result.outcome(), v1::TaskResult::MEMBER_FAILED);
}

TEST_F(ServeProgramTest, WhatCannotBeServedIsSaid) {
  const absl::StatusOr<ProcessOutput> output = RunProcess(
      {BOARDLOOP_WORKER, "serve", "--server", "example.org:7411", "--state", world_.At("state")},
      "", ProcessLimits());
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->exit_code, 2);
  EXPECT_THAT(output->err, HasSubstr("example.org"));
}

}  // namespace
}  // namespace boardloop
