// The loop of workers and agents, against a coordinator in small.
#include "cli/client/member_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cli/client/channel.h"
#include "core/base/mutex.h"
#include "tests/support/scripted_task_service.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Task = ScriptedTaskService::Task;

// A member that does nothing by itself: the test says when a task is done. It runs until it is stopped.
class TestMember : public MemberHandler, public MemberObserver {
 public:
  TestMember(const ScriptedTaskService& coordinator, absl::Duration drain) {
    MemberLoop::Options options;
    options.member = "members/m";
    options.address = coordinator.address();
    options.drain = drain;
    options.look_again = absl::Milliseconds(50);
    options.log = [this](const std::string& line) {
      MutexLock lock(mu_);
      lines_.push_back(line);
    };
    options.observer = this;
    loop_ = std::make_unique<MemberLoop>(OpenChannel(coordinator.address()).value(), *this,
                                         std::move(options));
    thread_ = std::thread([this] { status_ = loop_->Run(); });
  }
  ~TestMember() override {
    loop_->Stop();
    Join().IgnoreError();
  }

  MemberLoop& loop() { return *loop_; }
  absl::Status Join() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }
  // Its epoch.
  int64_t AwaitBegun(const std::string& task) {
    MutexLock lock(mu_);
    mu_.AwaitFor([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return begun_.count(task) > 0; },
                 absl::Seconds(60));
    EXPECT_EQ(begun_.count(task), 1u) << task << " never began";
    const int64_t epoch = begun_[task];
    begun_.erase(task);
    return epoch;
  }
  void AwaitGivenUp(const std::string& task, int64_t epoch) {
    MutexLock lock(mu_);
    const auto given_up = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      const auto found = given_up_.find(task);
      return found != given_up_.end() && found->second == epoch;
    };
    EXPECT_TRUE(mu_.AwaitFor(given_up, absl::Seconds(60))) << task << " is not given up";
  }
  std::map<std::string, int64_t> given_up() {
    MutexLock lock(mu_);
    return given_up_;
  }
  std::vector<std::string> lines() {
    MutexLock lock(mu_);
    return lines_;
  }
  void AwaitLines(size_t count) {
    MutexLock lock(mu_);
    EXPECT_TRUE(mu_.AwaitFor([&]()
                                 ABSL_NO_THREAD_SAFETY_ANALYSIS { return lines_.size() >= count; },
                             absl::Seconds(60)));
  }

  void Describe(v1::SynchronizeRequest& request) override { request.set_capacity(4); }
  void Begin(const v1::Grant& grant) override {
    MutexLock lock(mu_);
    begun_[grant.task()] = grant.epoch();
  }
  void GiveUp(const std::string& task, int64_t epoch) override {
    MutexLock lock(mu_);
    given_up_[task] = epoch;
  }
  void TakeOrders(const v1::SynchronizeResponse& /*response*/) override {}
  void Synchronized(const absl::Status& status, absl::Duration /*duration*/) override {
    MutexLock lock(mu_);
    ++calls_[status.code()];
  }
  int AwaitCalls(absl::StatusCode code) {
    MutexLock lock(mu_);
    mu_.AwaitFor([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_[code] > 0; },
                 absl::Seconds(60));
    return calls_[code];
  }

 private:
  std::unique_ptr<MemberLoop> loop_;
  std::thread thread_;
  absl::Status status_;

  Mutex mu_;
  std::map<std::string, int64_t> begun_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int64_t> given_up_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
  std::map<absl::StatusCode, int> calls_ ABSL_GUARDED_BY(mu_);
};

v1::TaskPayload Score() {
  v1::TaskPayload payload;
  payload.mutable_score();
  return payload;
}

v1::TaskResult Scored(double top1) {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  result.mutable_score()->set_top1(top1);
  return result;
}

class MemberLoopTest : public ::testing::Test {
 protected:
  // Without time for what a test leaves undone.
  void Start(absl::Duration drain = absl::ZeroDuration()) {
    member_ = std::make_unique<TestMember>(coordinator_, drain);
  }
  MemberLoop& loop() { return member_->loop(); }

  ScriptedTaskService coordinator_;
  std::unique_ptr<TestMember> member_;
};

TEST_F(MemberLoopTest, AResultIsToldOnceAndCounts) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  loop().Finish(task, member_->AwaitBegun(task), Scored(0.5));
  EXPECT_EQ(coordinator_.AwaitResult(task).score().top1(), 0.5);
  coordinator_.AwaitCalls(2);
  EXPECT_EQ(coordinator_.LastRequest().finished_size(), 0) << "it was acknowledged";
  EXPECT_EQ(coordinator_.LastRequest().held_size(), 0);
}

TEST_F(MemberLoopTest, EachCallRenewsTheLeasesWithTheNewestProgress) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  v1::TaskProgress progress;
  progress.set_step(7);
  progress.set_checkpoint("artifacts/1");
  loop().SetProgress(task, epoch, progress);
  coordinator_.Await(task, [](const Task& found) { return found.progress.step() == 7; });
  progress.set_step(8);
  progress.clear_checkpoint();
  loop().SetProgress(task, epoch, progress);
  coordinator_.Await(task, [](const Task& found) { return found.progress.step() == 8; });
  EXPECT_EQ(coordinator_.Get(task).progress.checkpoint(), "artifacts/1")
      << "the newest checkpoint stays until there is a newer one";
  coordinator_.AwaitCalls(5);
  const v1::SynchronizeRequest request = coordinator_.LastRequest();
  ASSERT_EQ(request.held_size(), 1);
  EXPECT_EQ(request.held(0).task(), task);
  EXPECT_EQ(request.held(0).epoch(), epoch);
}

TEST_F(MemberLoopTest, WorkGoesOnWhileTheCoordinatorIsAwayAndIsToldWhenItIsBack) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  coordinator_.GoAway();
  member_->AwaitLines(2);
  loop().Finish(task, epoch, Scored(0.25));
  coordinator_.ComeBack();
  EXPECT_EQ(coordinator_.AwaitResult(task).score().top1(), 0.25);
  member_->AwaitLines(3);
  EXPECT_THAT(member_->given_up(), IsEmpty());
  EXPECT_THAT(member_->lines(), ElementsAre(HasSubstr("connected to"), HasSubstr("no coordinator"),
                                            HasSubstr("connected to")))
      << "one line each time, not one for each attempt";
}

TEST_F(MemberLoopTest, CallsThatFailAndRepliesThatAreLostLoseNothing) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  coordinator_.FailCalls(2);
  coordinator_.LoseReplies(2);
  loop().Finish(task, epoch, Scored(0.75));
  coordinator_.AwaitCalls(3);
  EXPECT_EQ(coordinator_.Get(task).results.size(), 1u);
  EXPECT_EQ(coordinator_.LastRequest().finished_size(), 0);
}

TEST_F(MemberLoopTest, AGrantWhoseReplyWasLostIsGrantedAnew) {
  coordinator_.LoseReplies(1);
  const std::string task = coordinator_.Queue(Score());
  Start();
  EXPECT_EQ(member_->AwaitBegun(task), 2) << "of the first nobody heard";
}

TEST_F(MemberLoopTest, WhatIsTakenAwayIsGivenUpAndItsResultDropped) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  coordinator_.TakeAway(task, /*queue_again=*/false);
  member_->AwaitGivenUp(task, epoch);
  loop().Finish(task, epoch, Scored(1));
  coordinator_.AwaitCalls(2);
  EXPECT_EQ(coordinator_.LastRequest().finished_size(), 0);
  EXPECT_EQ(coordinator_.LastRequest().held_size(), 0);
}

TEST_F(MemberLoopTest, AResultOfALostEpochIsNotTakenForTheNewOne) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t lost = member_->AwaitBegun(task);
  coordinator_.TakeAway(task, /*queue_again=*/true);
  const int64_t epoch = member_->AwaitBegun(task);
  EXPECT_GT(epoch, lost);
  member_->AwaitGivenUp(task, lost);
  loop().Finish(task, lost, Scored(0));
  v1::TaskProgress progress;
  progress.set_step(1000);
  loop().SetProgress(task, lost, progress);
  coordinator_.AwaitCalls(2);
  EXPECT_FALSE(coordinator_.Get(task).ended);
  EXPECT_EQ(coordinator_.Get(task).progress.step(), 0);
  loop().Finish(task, epoch, Scored(1));
  EXPECT_EQ(coordinator_.AwaitResult(task).score().top1(), 1);
}

TEST_F(MemberLoopTest, TheObserverIsToldOfEveryCallAndHowItEnded) {
  coordinator_.FailCalls(2);
  Start();
  EXPECT_GT(member_->AwaitCalls(absl::StatusCode::kOk), 0);
  EXPECT_EQ(member_->AwaitCalls(absl::StatusCode::kUnavailable), 2);
}

TEST_F(MemberLoopTest, ACoordinatorThatStopsIsNamed) {
  coordinator_.FailCalls(1, grpc::StatusCode::CANCELLED);
  Start();
  member_->AwaitLines(2);
  EXPECT_THAT(member_->lines(),
              ElementsAre(HasSubstr(coordinator_.address() + " ended the call: it stops"),
                          HasSubstr("connected to " + coordinator_.address())));
}

TEST_F(MemberLoopTest, WhileItIsCutOffAnotherReasonIsSaidToo) {
  coordinator_.FailCalls(1000, grpc::StatusCode::CANCELLED);
  Start();
  member_->AwaitLines(1);
  coordinator_.GoAway();
  member_->AwaitLines(2);
  EXPECT_THAT(member_->lines().back(), HasSubstr("no coordinator answers"));
}

// ---- The end.

TEST_F(MemberLoopTest, StoppedItTakesNothingNewAndFinishesWhatItHas) {
  Start(/*drain=*/absl::Seconds(60));
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  loop().Stop();
  const std::string later = coordinator_.Queue(Score());
  coordinator_.AwaitCalls(2);
  EXPECT_TRUE(coordinator_.LastRequest().draining());
  loop().Finish(task, epoch, Scored(0.5));
  EXPECT_THAT(member_->Join(), IsOk());
  EXPECT_TRUE(coordinator_.Get(task).ended);
  EXPECT_EQ(coordinator_.Get(later).epoch, 0);
}

TEST_F(MemberLoopTest, WhatIsNotDoneInTimeIsHandedBack) {
  Start();
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  loop().Stop();
  EXPECT_THAT(member_->Join(), IsOk());
  EXPECT_EQ(coordinator_.Get(task).returned, 1);
  EXPECT_TRUE(coordinator_.Get(task).queued);
  member_->AwaitGivenUp(task, epoch);
}

TEST_F(MemberLoopTest, StoppedWhileTheCoordinatorIsAwayItEndsAllTheSame) {
  Start(/*drain=*/absl::Milliseconds(10));
  const std::string task = coordinator_.Queue(Score());
  const int64_t epoch = member_->AwaitBegun(task);
  coordinator_.GoAway();
  loop().Stop();
  EXPECT_THAT(member_->Join(), IsOk());
  member_->AwaitGivenUp(task, epoch);
}

TEST_F(MemberLoopTest, ARefusalEndsIt) {
  for (const grpc::StatusCode code :
       {grpc::StatusCode::FAILED_PRECONDITION, grpc::StatusCode::INVALID_ARGUMENT}) {
    coordinator_.FailCalls(1, code);
    Start();
    EXPECT_THAT(member_->Join(), StatusIs(static_cast<absl::StatusCode>(code), "as told"));
  }
}

}  // namespace
}  // namespace boardloop
