#include "worker/service/score_task.h"

#include <map>
#include <mutex>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"
#include "worker/service/task_outcome.h"
#include "worker/torch/score.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

using Outputs = std::map<std::string, absl::StatusOr<v1::ScoreOutput>>;  // By subnet.

class ScoreTaskTest : public testing::Test {
 protected:
  ScoreTaskTest() {
    Machine machine(artifacts_);
    const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, world_.Train(), "a");
    EXPECT_THAT(output, IsOk());
    if (output.ok()) supernet_ = output->supernet();
  }

  absl::Status ScoreAll(Machine& machine, const std::string& supernet,
                        const std::vector<std::string>& subnets, Outputs& outputs) {
    std::mutex mutex;
    size_t taken = 0;
    const auto next = [&]() -> std::optional<ScoreWork> {
      std::lock_guard<std::mutex> lock(mutex);
      if (taken == subnets.size()) return std::nullopt;
      const std::string& subnet = subnets[taken++];
      return ScoreWork{world_.Score(supernet, subnet),
                       [&, subnet](const absl::StatusOr<v1::ScoreOutput>& output, double seconds) {
                         std::lock_guard<std::mutex> inner(mutex);
                         EXPECT_GE(seconds, 0);
                         outputs.insert_or_assign(subnet, output);
                       }};
    };
    return ScoreTasks(supernet, next, machine.cache, machine.Context());
  }

  TaskWorld world_;
  FakeArtifacts artifacts_;
  std::string supernet_;
};

TEST_F(ScoreTaskTest, ScoresDoNotDependOnWhatIsScoredBesides) {
  Machine together(artifacts_, /*threads=*/3), alone(artifacts_);
  const std::vector<std::string> subnets = world_.RandomTexts(7);
  Outputs outputs;
  ASSERT_THAT(ScoreAll(together, supernet_, subnets, outputs), IsOk());
  for (const std::string& subnet : subnets) {
    Outputs one;
    ASSERT_THAT(ScoreAll(alone, supernet_, {subnet}, one), IsOk());
    ASSERT_THAT(one.at(subnet), IsOk());
    ASSERT_THAT(outputs.at(subnet), IsOk());
    EXPECT_EQ(outputs.at(subnet)->SerializeAsString(), one.at(subnet)->SerializeAsString());
    EXPECT_EQ(one.at(subnet)->images(), 40);  // A sixth of the training data.
    EXPECT_EQ(one.at(subnet)->top1(), one.at(subnet)->correct() / 40.0);
  }
}

TEST_F(ScoreTaskTest, ABadTaskDoesNotHarmTheOthers) {
  Machine machine(artifacts_, /*threads=*/2);
  const std::vector<std::string> bad = {"no subnet", "/etc/passwd", ""};
  std::vector<std::string> subnets = bad;
  subnets.push_back(world_.LargestText());
  Outputs outputs;
  ASSERT_THAT(ScoreAll(machine, supernet_, subnets, outputs), IsOk());
  EXPECT_THAT(outputs.at(world_.LargestText()), IsOk());
  for (const std::string& subnet : bad) {
    ASSERT_FALSE(outputs.at(subnet).ok());
    EXPECT_EQ(FailedResult(outputs.at(subnet).status()).outcome(), v1::TaskResult::INVALID);
  }
}

TEST_F(ScoreTaskTest, NumbersOfImagesOutOfRangeAreOfTheTask) {
  Machine machine(artifacts_);
  v1::ScoreTask task = world_.Score(supernet_, world_.LargestText());
  task.mutable_scoring()->set_images(-1);
  bool given = false;
  absl::StatusOr<v1::ScoreOutput> answer = absl::UnknownError("none");
  const auto next = [&]() -> std::optional<ScoreWork> {
    if (given) return std::nullopt;
    given = true;
    return ScoreWork{task, [&](const absl::StatusOr<v1::ScoreOutput>& output, double /*seconds*/) {
                       answer = output;
                     }};
  };
  ASSERT_THAT(ScoreTasks(supernet_, next, machine.cache, machine.Context()), IsOk());
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is -1")));
}

TEST_F(ScoreTaskTest, WhatIsNoCheckpointIsOfTheTask) {
  Machine machine(artifacts_);
  Outputs outputs;
  const absl::Status status =
      ScoreAll(machine, *artifacts_.Write("no checkpoint"), {world_.LargestText()}, outputs);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("artifacts/")));
  EXPECT_TRUE(outputs.empty());
}

TEST_F(ScoreTaskTest, WhatCannotBeReadIsOfTheMember) {
  Machine machine(artifacts_);
  Outputs outputs;
  const absl::Status absent = ScoreAll(machine, "artifacts/absent", {"x"}, outputs);
  EXPECT_EQ(FailedResult(absent).outcome(), v1::TaskResult::MEMBER_FAILED);
  artifacts_.Fail(absl::UnavailableError("away"));
  const absl::Status away = ScoreAll(machine, supernet_, {"x"}, outputs);
  EXPECT_EQ(FailedResult(away).outcome(), v1::TaskResult::MEMBER_FAILED);
  EXPECT_TRUE(outputs.empty());
}

TEST_F(ScoreTaskTest, LoadsOnceForManyCalls) {
  Machine machine(artifacts_);
  Outputs outputs;
  ASSERT_THAT(ScoreAll(machine, supernet_, {world_.LargestText()}, outputs), IsOk());
  artifacts_.Fail(absl::UnavailableError("away"));
  ASSERT_THAT(ScoreAll(machine, supernet_, {world_.SmallestText()}, outputs), IsOk());
  EXPECT_THAT(outputs.at(world_.SmallestText()), IsOk());
}

TEST_F(ScoreTaskTest, TakesNothingMoreOnceCancelled) {
  Machine machine(artifacts_);
  TaskContext context = machine.Context();
  bool cancelled = false;
  context.cancelled = [&] { return cancelled; };
  int given = 0;
  const auto next = [&]() -> std::optional<ScoreWork> {
    ++given;
    cancelled = true;
    return ScoreWork{world_.Score(supernet_, world_.SmallestText()),
                     [](const absl::StatusOr<v1::ScoreOutput>& /*output*/, double /*seconds*/) {}};
  };
  EXPECT_THAT(ScoreTasks(supernet_, next, machine.cache, context),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(given, 1);
}

}  // namespace
}  // namespace boardloop
