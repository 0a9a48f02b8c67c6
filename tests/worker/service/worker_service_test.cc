// The worker against a coordinator in small, over real gRPC.
#include "worker/service/worker_service.h"

#include <set>
#include <thread>

#include "cli/client/channel.h"
#include "cli/client/member_metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/metrics_text.h"
#include "tests/support/scripted_task_service.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"
#include "worker/service/worker_metrics.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Task = ScriptedTaskService::Task;

// A worker that runs until it is stopped.
class RunningWorker {
 public:
  RunningWorker(const ScriptedTaskService& coordinator, FakeArtifacts& artifacts,
                const std::string& state_folder, absl::Duration drain = absl::Seconds(60)) {
    WorkerService::Options options;
    options.address = coordinator.address();
    options.member = "members/one";
    options.device.threads = 2;
    options.state_folder = state_folder;
    options.checkpoint_interval = absl::ZeroDuration();
    options.report_interval = absl::ZeroDuration();
    options.drain = drain;
    options.observer = &worker_metrics_;
    options.member_observer = &member_metrics_;
    ArtifactAccess access;
    access.read = [&](const std::string& name, Cancellation& /*cancellation*/) {
      return artifacts.Read(name);
    };
    access.write = [&](const std::string& bytes, Cancellation& /*cancellation*/) {
      return artifacts.Write(bytes);
    };
    service_ = WorkerService::Create(OpenChannel(coordinator.address()).value(), std::move(access),
                                     std::move(options))
                   .value();
    thread_ = std::thread([this] { status_ = service_->Run(); });
  }
  ~RunningWorker() {
    service_->Stop();
    Join().IgnoreError();
  }

  void Stop() { service_->Stop(); }
  double Metric(const std::string& series) {
    return ValueOf(metrics_.Render(), "boardloop_" + series);
  }
  absl::Status Join() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  const SystemClock clock_{};
  Metrics metrics_{"boardloop-worker", "1"};
  MemberMetrics member_metrics_{metrics_};
  WorkerMetrics worker_metrics_{
      metrics_, clock_, {"cpu", [] { return MemoryOf(ComputeDevice()); }}};
  std::unique_ptr<WorkerService> service_;
  absl::Status status_;
  std::thread thread_;
};

class WorkerServiceTest : public testing::Test {
 protected:
  v1::TaskPayload Train(double epochs) const {
    v1::TaskPayload payload;
    *payload.mutable_train() = world_.Train();
    payload.mutable_train()->mutable_training()->set_epochs(epochs);
    return payload;
  }
  v1::TaskPayload Endless() const { return Train(10000); }
  v1::TaskPayload Score(const std::string& supernet, const std::string& subnet) const {
    v1::TaskPayload payload;
    *payload.mutable_score() = world_.Score(supernet, subnet);
    return payload;
  }
  v1::TaskPayload Specialize(const std::string& supernet) const {
    v1::TaskPayload payload;
    *payload.mutable_specialize() = world_.Specialize(supernet, world_.SmallestText());
    return payload;
  }

  // Without a service.
  std::string Supernet() {
    Machine machine(artifacts_);
    const absl::StatusOr<v1::TrainOutput> output =
        machine.Train(world_, world_.Train(), "beforehand");
    EXPECT_THAT(output, IsOk());
    return output.ok() ? output->supernet() : "";
  }

  std::vector<std::string> QueueScores(const std::string& supernet, int count) {
    std::vector<std::string> tasks;
    for (const std::string& subnet : world_.RandomTexts(count)) {
      tasks.push_back(coordinator_.Queue(Score(supernet, subnet)));
    }
    return tasks;
  }

  static bool Training(const Task& task) { return task.progress.step() > 2; }

  TaskWorld world_;
  FakeArtifacts artifacts_;
  ScriptedTaskService coordinator_;
};

TEST_F(WorkerServiceTest, CarriesOutASearchsTasksFromTheFirstToTheLast) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const v1::TaskResult trained =
      coordinator_.AwaitResult(coordinator_.Queue(Train(1), world_.data_folder()));
  ASSERT_EQ(trained.outcome(), v1::TaskResult::DONE) << trained.message();
  const std::string supernet = trained.train().supernet();
  for (const std::string& task : QueueScores(supernet, 12)) {
    const v1::TaskResult scored = coordinator_.AwaitResult(task);
    ASSERT_EQ(scored.outcome(), v1::TaskResult::DONE) << scored.message();
    EXPECT_GT(scored.score().images(), 0);
    EXPECT_GT(scored.seconds(), 0);
  }
  const v1::TaskResult specialized =
      coordinator_.AwaitResult(coordinator_.Queue(Specialize(supernet), world_.data_folder()));
  ASSERT_EQ(specialized.outcome(), v1::TaskResult::DONE) << specialized.message();
  EXPECT_EQ(specialized.specialize().test_images(), kWorldTestImages);

  EXPECT_EQ(worker.Metric("worker_tasks_total{kind=\"train\",outcome=\"done\"}"), 1);
  EXPECT_EQ(worker.Metric("worker_tasks_total{kind=\"score\",outcome=\"done\"}"), 12);
  EXPECT_EQ(worker.Metric("worker_tasks_total{kind=\"specialize\",outcome=\"done\"}"), 1);
  for (const char* kind : {"train", "score", "specialize"}) {
    const std::string label = std::string("=\"") + kind + "\"}";
    EXPECT_GT(worker.Metric("worker_images_total{phase" + label), 0) << kind;
    EXPECT_GT(worker.Metric("worker_busy_seconds_total{kind" + label), 0) << kind;
  }
  EXPECT_GT(worker.Metric("worker_checkpoint_timestamp_seconds"), 0);
  EXPECT_EQ(worker.Metric("member_connected"), 1);
}

TEST_F(WorkerServiceTest, OffersTheDataSetsItHasOnly) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const std::string absent = coordinator_.Queue(Train(1), world_.At("absent"));
  const std::string present = coordinator_.Queue(Train(1), world_.data_folder());
  EXPECT_EQ(coordinator_.AwaitResult(present).outcome(), v1::TaskResult::DONE);
  EXPECT_EQ(coordinator_.Get(absent).epoch, 0);
  const v1::SynchronizeRequest request = coordinator_.LastRequest();
  EXPECT_THAT(request.datasets(), ElementsAre(world_.data_folder()));
  EXPECT_EQ(request.kind(), v1::Member::WORKER);
  EXPECT_THAT(request.device(), HasSubstr("2 threads"));
}

TEST_F(WorkerServiceTest, TakesSeveralScoresButTrainsAlone) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  coordinator_.AwaitCalls(1);
  EXPECT_EQ(coordinator_.LastRequest().capacity(), 8);
  const std::string training = coordinator_.Queue(Endless(), world_.data_folder());
  coordinator_.Await(training, Training);
  EXPECT_EQ(coordinator_.LastRequest().capacity(), 0);
  coordinator_.TakeAway(training, /*queue_again=*/false);
}

TEST_F(WorkerServiceTest, LostCallsAndRepliesLoseNoResult) {
  const std::string supernet = Supernet();
  const std::vector<std::string> tasks = QueueScores(supernet, 6);
  coordinator_.LoseReplies(1);  // Of the grants.
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  coordinator_.AwaitResult(tasks[0]);
  coordinator_.LoseReplies(1);  // Of results that are counted.
  coordinator_.AwaitCalls(1);
  coordinator_.FailCalls(1);
  for (const std::string& task : tasks) {
    EXPECT_EQ(coordinator_.AwaitResult(task).outcome(), v1::TaskResult::DONE);
    EXPECT_THAT(coordinator_.Get(task).results, SizeIs(1));
  }
}

TEST_F(WorkerServiceTest, GoesOnWhileTheCoordinatorIsAway) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const std::string training = coordinator_.Queue(Train(20), world_.data_folder());
  coordinator_.Await(training, Training);
  coordinator_.GoAway();
  coordinator_.ComeBack();
  EXPECT_EQ(coordinator_.AwaitResult(training).outcome(), v1::TaskResult::DONE);
  EXPECT_EQ(coordinator_.Get(training).epoch, 1);
}

TEST_F(WorkerServiceTest, GivesUpWhatIsTakenAway) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const std::string training = coordinator_.Queue(Endless(), world_.data_folder());
  coordinator_.Await(training, Training);
  coordinator_.TakeAway(training, /*queue_again=*/false);
  // It is free for other work.
  const std::string next = coordinator_.Queue(Train(1), world_.data_folder());
  EXPECT_EQ(coordinator_.AwaitResult(next).outcome(), v1::TaskResult::DONE);
  EXPECT_THAT(coordinator_.Get(training).results, SizeIs(0));
  EXPECT_EQ(coordinator_.Get(training).returned, 0);
}

TEST_F(WorkerServiceTest, ATaskThatComesBackGoesOnFromItsCheckpoint) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const std::string training = coordinator_.Queue(Endless(), world_.data_folder());
  coordinator_.Await(training, Training);
  coordinator_.TakeAway(training, /*queue_again=*/true);
  const int64_t step = coordinator_.Get(training).progress.step();
  coordinator_.Await(
      training, [&](const Task& task) { return task.epoch == 2 && task.progress.step() >= step; });
  coordinator_.TakeAway(training, /*queue_again=*/false);
}

TEST_F(WorkerServiceTest, StoppedItHandsTrainingBackWithItsCheckpoint) {
  const std::string training = coordinator_.Queue(Endless(), world_.data_folder());
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  coordinator_.Await(training, Training);
  worker.Stop();
  EXPECT_THAT(worker.Join(), IsOk());
  const Task task = coordinator_.Get(training);
  EXPECT_EQ(task.returned, 1);
  const absl::StatusOr<std::string> bytes = artifacts_.Read(task.checkpoint);
  ASSERT_THAT(bytes, IsOk());
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(*bytes, "checkpoint");
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_GE(checkpoint->header.step(), task.progress.step());
  EXPECT_TRUE(checkpoint->momentum.defined());
}

TEST_F(WorkerServiceTest, StoppedItFinishesScores) {
  const std::string supernet = Supernet();
  const std::vector<std::string> tasks = QueueScores(supernet, 8);
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  coordinator_.AwaitResult(tasks[0]);
  worker.Stop();
  EXPECT_THAT(worker.Join(), IsOk());
  for (const std::string& task : tasks) {
    const Task found = coordinator_.Get(task);
    EXPECT_TRUE(found.ended) << task;
    EXPECT_EQ(found.returned, 0);
  }
}

TEST_F(WorkerServiceTest, WhatIsNotDoneWhenTheDrainEndsIsHandedBack) {
  v1::TaskPayload long_task = Specialize(Supernet());
  long_task.mutable_specialize()->mutable_specialization()->set_epochs(10000);
  const std::string task = coordinator_.Queue(long_task, world_.data_folder());
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"), absl::ZeroDuration());
  coordinator_.Await(task, [](const Task& found) { return found.progress.fraction() > 0; });
  worker.Stop();
  EXPECT_THAT(worker.Join(), IsOk());
  EXPECT_EQ(coordinator_.Get(task).returned, 1);
}

TEST_F(WorkerServiceTest, FailuresSayWhoseTheyAre) {
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  const std::string bad = *artifacts_.Write("no checkpoint");
  const std::string of_task = coordinator_.Queue(Score(bad, world_.SmallestText()));
  const std::string of_member =
      coordinator_.Queue(Score("artifacts/absent", world_.SmallestText()));
  v1::TaskPayload unknown;
  unknown.mutable_measure()->set_board_type("x");
  const std::string not_ours = coordinator_.Queue(unknown);
  EXPECT_EQ(coordinator_.AwaitResult(of_task).outcome(), v1::TaskResult::INVALID);
  EXPECT_EQ(coordinator_.AwaitResult(of_member).outcome(), v1::TaskResult::MEMBER_FAILED);
  EXPECT_EQ(coordinator_.AwaitResult(not_ours).outcome(), v1::TaskResult::MEMBER_FAILED);
}

TEST_F(WorkerServiceTest, TwoSupernetsAtOnceAreBothScored) {
  const std::string one = Supernet();
  Machine machine(artifacts_);
  v1::TrainTask other = world_.Train();
  other.mutable_training()->set_seed(9);
  const absl::StatusOr<v1::TrainOutput> two = machine.Train(world_, other, "two");
  ASSERT_THAT(two, IsOk());
  std::vector<std::string> tasks;
  for (const std::string& subnet : world_.RandomTexts(5)) {
    tasks.push_back(coordinator_.Queue(Score(one, subnet)));
    tasks.push_back(coordinator_.Queue(Score(two->supernet(), subnet)));
  }
  RunningWorker worker(coordinator_, artifacts_, world_.At("state"));
  for (const std::string& task : tasks) {
    EXPECT_EQ(coordinator_.AwaitResult(task).outcome(), v1::TaskResult::DONE);
  }
}

}  // namespace
}  // namespace boardloop
