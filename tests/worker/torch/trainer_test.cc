#include "worker/torch/trainer.h"

#include <memory>
#include <utility>

#include "ATen/ATen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/score.h"
#include "worker/torch/train_run.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

constexpr int64_t kSamples = 160;  // Ten steps.

class TrainerTest : public testing::TestWithParam<v1::TrainingSpec::Recipe> {
 protected:
  static Checkpoint Start(v1::TrainingSpec::Recipe recipe = v1::TrainingSpec::SANDWICH) {
    Checkpoint start = SmallStart(kSamples);
    start.header.mutable_training()->set_recipe(recipe);
    start.header.mutable_training()->mutable_augmentation()->set_crop_padding(1);
    return start;
  }
  std::unique_ptr<Trainer> Make(const Checkpoint& start, int threads = 1) const {
    Trainer::Options options;
    options.threads = threads;
    absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(start, train_, options);
    EXPECT_THAT(trainer, IsOk());
    return std::move(*trainer);
  }
  static Checkpoint RunTo(Trainer& trainer, int64_t step) {
    while (trainer.step() < step) EXPECT_THAT(trainer.Step(), IsOk());
    return trainer.Snapshot().value();
  }

  const Dataset data_ = Quadrants(kSamples, 1);
  const DeviceData train_{data_, at::kCPU};
};

TEST_P(TrainerTest, ARunThatIsResumedEndsWithTheSameBits) {
  Checkpoint start = Start(GetParam());
  start.header.mutable_training()->set_ema_decay(0.9);
  const std::unique_ptr<Trainer> unbroken = Make(start);
  const Checkpoint end = RunTo(*unbroken, unbroken->steps());
  for (const int64_t stop : {1, 4, 9}) {
    const Checkpoint middle = RunTo(*Make(start), stop);
    // Through bytes, as a process that is killed and started anew.
    const Checkpoint read = ParseCheckpoint(SerializeCheckpoint(middle), "test").value();
    const std::unique_ptr<Trainer> resumed = Make(read);
    EXPECT_EQ(resumed->step(), stop);
    const Checkpoint other = RunTo(*resumed, resumed->steps());
    EXPECT_TRUE(at::equal(other.weights, end.weights)) << stop;
    EXPECT_TRUE(at::equal(other.momentum, end.momentum)) << stop;
    EXPECT_TRUE(at::equal(other.average, end.average)) << stop;
  }
}

INSTANTIATE_TEST_SUITE_P(Recipes, TrainerTest,
                         testing::Values(v1::TrainingSpec::MCUNET, v1::TrainingSpec::OFA,
                                         v1::TrainingSpec::SANDWICH));

TEST_F(TrainerTest, ThreadsDoNotChangeTheResult) {
  const Checkpoint one = RunTo(*Make(Start(), 1), 5);
  const Checkpoint two = RunTo(*Make(Start(), 2), 5);
  EXPECT_TRUE(at::equal(one.weights, two.weights));
}

TEST_F(TrainerTest, AnotherSeedIsAnotherRun) {
  Checkpoint start = Start();
  start.header.mutable_training()->set_seed(2);
  EXPECT_FALSE(at::equal(RunTo(*Make(Start()), 2).weights, RunTo(*Make(start), 2).weights));
}

TEST_F(TrainerTest, AnEasyDataSetIsLearned) {
  Checkpoint start = Start();
  start.header.mutable_training()->set_epochs(8);
  const std::unique_ptr<Trainer> trainer = Make(start, 2);
  const Dataset held_out = Quadrants(200, 2);
  const DeviceData validation(held_out, at::kCPU);
  TrainRunOptions options;
  options.accuracy_interval = absl::InfiniteDuration();
  options.score.calibration.images = 128;
  const absl::StatusOr<TrainReport> report = RunTraining(*trainer, train_, validation, options);
  ASSERT_THAT(report, IsOk());
  EXPECT_GT(report->accuracy->largest, 0.9);
  EXPECT_GT(*report->accuracy->smallest, 0.9);
}

TEST_F(TrainerTest, OneNetworkLearnsFromATeacherToo) {
  Checkpoint start = Start(v1::TrainingSpec::SINGLE);
  start.header.set_subnet(CanonicalText(SmallestOf(start.header.supernet())));
  Trainer::Options options;
  int64_t asked = 0;
  options.teacher = [&](const at::Tensor& images) {
    ++asked;
    return at::zeros({images.size(0), kSmallClasses});
  };
  const auto trainer = Trainer::Create(start, train_, options).value();
  ASSERT_THAT(trainer->Step(), IsOk());
  EXPECT_EQ(asked, 2);  // Once for each micro-batch.
}

TEST_F(TrainerTest, ALossThatIsNotANumberStopsWithStepAndRate) {
  Checkpoint start = Start();
  start.header.mutable_training()->set_peak_rate(100);
  start.header.mutable_training()->set_epochs(20);
  const std::unique_ptr<Trainer> trainer = Make(start);
  absl::Status status;
  while (status.ok() && !trainer->done()) {
    // As a run whose weights overflow: they are views of what Snapshot copies.
    if (trainer->step() == 3) trainer->ScoredWeights().tensors[0].fill_(NAN);
    status = trainer->Step();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange,
                               testing::AllOf(HasSubstr("step 3 of 200"), HasSubstr("rate 99"))));
  EXPECT_THAT(trainer->Snapshot(), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("step 3")));
}

TEST_F(TrainerTest, AStopIsBetweenStepsAndLeavesACheckpoint) {
  const std::unique_ptr<Trainer> trainer = Make(Start());
  TrainRunOptions options;
  options.checkpoint_path = testing::TempDir() + "stopped.blc";
  options.cancelled = [&] { return trainer->step() == 3; };
  EXPECT_THAT(RunTraining(*trainer, train_, train_, options),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("before step 3 of 10")));
  const absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(options.checkpoint_path);
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->header.step(), 3);
}

TEST_F(TrainerTest, WhatDoesNotFitIsRefused) {
  const auto message = [&](auto change) {
    Checkpoint start = Start();
    change(start.header);
    return Trainer::Create(start, train_, {}).status().ToString();
  };
  EXPECT_THAT(message([](auto& h) { h.mutable_training()->set_batch_size(512); }),
              HasSubstr("has 160 images, batch_size is 512"));
  EXPECT_THAT(message([](auto& h) { h.mutable_supernet()->set_classes(5); }),
              HasSubstr("5 classes, the data set has 4"));
  EXPECT_THAT(message([](auto& h) { h.mutable_supernet()->set_resolution(16); }),
              HasSubstr("input is 16x16x1"));
}

TEST_F(TrainerTest, ACheckpointOfAnotherLengthIsNotResumed) {
  Checkpoint middle = RunTo(*Make(Start()), 2);
  middle.header.mutable_training()->set_epochs(2);
  EXPECT_THAT(Trainer::Create(middle, train_, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("10 steps")));
}

}  // namespace
}  // namespace boardloop
