#include "worker/service/train_task.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"
#include "worker/service/task_outcome.h"
#include "worker/torch/checkpoint.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

class TrainTaskTest : public testing::Test {
 protected:
  // Stops `machine` after so many steps, to be handed back.
  absl::Status TrainUntil(Machine& machine, int steps, const TrainTaskOptions& options) {
    TaskContext context = machine.Context();
    int asked = 0;
    context.cancelled = [&] { return asked++ > steps; };  // Once before the first step.
    return RunTrainTask(world_.Train(), options, machine.cache, context).status();
  }

  // Steps that a run takes to its end.
  static absl::StatusOr<v1::TrainOutput> CountSteps(Machine& machine, const v1::TrainTask& task,
                                                    const TrainTaskOptions& options, int& steps) {
    TaskContext context = machine.Context();
    steps = -1;  // It is asked once more, before the data is loaded.
    context.cancelled = [&] {
      ++steps;
      return false;
    };
    return RunTrainTask(task, options, machine.cache, context);
  }

  std::string Uninterrupted() {
    Machine machine(artifacts_, /*threads=*/2);
    const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, world_.Train(), "whole");
    EXPECT_THAT(output, IsOk());
    return output.ok() ? output->supernet() : "";
  }

  TaskWorld world_;
  FakeArtifacts artifacts_;
};

TEST_F(TrainTaskTest, GivesASupernetWithoutOptimizerState) {
  Machine machine(artifacts_);
  const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, world_.Train(), "a");
  ASSERT_THAT(output, IsOk());
  EXPECT_GT(output->top1_largest(), 0.25);
  EXPECT_GT(output->images_per_second(), 0);
  EXPECT_THAT(output->classes(), ElementsAre("0", "1", "2", "3"));
  const absl::StatusOr<std::string> bytes = artifacts_.Read(output->supernet());
  ASSERT_THAT(bytes, IsOk());
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(*bytes, "supernet");
  ASSERT_THAT(checkpoint, IsOk());
  EXPECT_EQ(checkpoint->header.step(), checkpoint->header.steps());
  EXPECT_EQ(checkpoint->header.supernet().classes(), 4);
  EXPECT_FALSE(checkpoint->momentum.defined());
  ASSERT_FALSE(machine.reports.empty());
  EXPECT_EQ(machine.reports.back().fraction(), 1);
  EXPECT_EQ(machine.reports.back().top1_largest(), output->top1_largest());
}

TEST_F(TrainTaskTest, HandedOnItEndsWithTheSameArtifact) {
  Machine first(artifacts_), second(artifacts_, /*threads=*/2);
  EXPECT_THAT(TrainUntil(first, 5, first.Options(world_, "first")),
              StatusIs(absl::StatusCode::kCancelled));
  ASSERT_FALSE(first.reports.empty());
  TrainTaskOptions options = second.Options(world_, "second");
  options.checkpoint = first.reports.back().checkpoint();
  ASSERT_NE(options.checkpoint, "");
  int steps = 0;
  const absl::StatusOr<v1::TrainOutput> output = CountSteps(second, world_.Train(), options, steps);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(steps, second.reports.back().steps() - 5);
  EXPECT_EQ(output->supernet(), Uninterrupted());
}

TEST_F(TrainTaskTest, GoesOnFromItsOwnNewerCheckpoint) {
  Machine machine(artifacts_);
  TrainTaskOptions options = machine.Options(world_, "a");
  EXPECT_THAT(TrainUntil(machine, 3, options), StatusIs(absl::StatusCode::kCancelled));
  options.checkpoint = machine.reports.back().checkpoint();
  // Killed while the coordinator is away: the newest is on the disk alone.
  artifacts_.Fail(absl::UnavailableError("away"));
  EXPECT_THAT(TrainUntil(machine, 7, options), StatusIs(absl::StatusCode::kCancelled));
  artifacts_.Fail(absl::OkStatus());
  int steps = 0;
  ASSERT_THAT(CountSteps(machine, world_.Train(), options, steps), IsOk());
  EXPECT_EQ(steps, machine.reports.back().steps() - 10);
}

TEST_F(TrainTaskTest, AnUnusableCheckpointDoesNotCount) {
  Machine machine(artifacts_);
  TrainTaskOptions options = machine.Options(world_, "a");
  v1::TrainTask other = world_.Train();
  other.mutable_training()->set_seed(77);
  const absl::StatusOr<v1::TrainOutput> of_other_run = machine.Train(world_, other, "other");
  ASSERT_THAT(of_other_run, IsOk());
  for (const std::string& checkpoint :
       {*artifacts_.Write("no checkpoint"), of_other_run->supernet(),
        std::string("artifacts/absent")}) {
    std::error_code ignored;
    fs::remove_all(options.folder, ignored);
    options.checkpoint = checkpoint;
    const absl::StatusOr<v1::TrainOutput> output =
        RunTrainTask(world_.Train(), options, machine.cache, machine.Context());
    ASSERT_THAT(output, IsOk()) << checkpoint;
    EXPECT_EQ(output->supernet(), Uninterrupted());
    EXPECT_THAT(machine.lines.back(), HasSubstr("not gone on from"));
  }
}

TEST_F(TrainTaskTest, ADamagedFileOfItsOwnDoesNotCount) {
  Machine machine(artifacts_);
  const TrainTaskOptions options = machine.Options(world_, "a");
  EXPECT_THAT(TrainUntil(machine, 3, options), StatusIs(absl::StatusCode::kCancelled));
  for (const fs::directory_entry& entry : fs::directory_iterator(options.folder)) {
    fs::resize_file(entry.path(), entry.file_size() / 2);
  }
  const absl::StatusOr<v1::TrainOutput> output =
      RunTrainTask(world_.Train(), options, machine.cache, machine.Context());
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->supernet(), Uninterrupted());
}

TEST_F(TrainTaskTest, AbandonedItEndsWithoutAWord) {
  Machine machine(artifacts_);
  TaskContext context = machine.Context();
  int asked = 0;
  context.cancelled = [&] { return asked++ > 3; };
  context.abandoned = [&] { return asked > 3; };
  context.write = [](const std::string& /*bytes*/) { return absl::CancelledError("abandoned"); };
  EXPECT_THAT(RunTrainTask(world_.Train(), machine.Options(world_, "a"), machine.cache, context),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(artifacts_.size(), 0);
  EXPECT_THAT(machine.lines, IsEmpty());
}

TEST_F(TrainTaskTest, UploadsCheckpointsAsItGoes) {
  Machine machine(artifacts_);
  TrainTaskOptions options = machine.Options(world_, "a");
  options.checkpoint_interval = absl::ZeroDuration();
  ASSERT_THAT(RunTrainTask(world_.Train(), options, machine.cache, machine.Context()), IsOk());
  EXPECT_GT(artifacts_.size(), 1);
  EXPECT_NE(machine.reports.back().checkpoint(), "");
}

TEST_F(TrainTaskTest, KeepsTheNewestFewCheckpointsOfOtherRuns) {
  Machine machine(artifacts_);
  TrainTaskOptions options = machine.Options(world_, "a");
  for (int run = 0; run < 7; ++run) {
    options.task = "tasks/" + std::to_string(run);
    ASSERT_THAT(TrainUntil(machine, 0, options), StatusIs(absl::StatusCode::kCancelled));
  }
  const auto files = std::distance(fs::directory_iterator(options.folder), {});
  EXPECT_EQ(files, 5);
}

TEST_F(TrainTaskTest, ALossThatIsNoNumberIsOfTheTask) {
  Machine machine(artifacts_);
  v1::TrainTask task = world_.Train();
  task.mutable_training()->set_peak_rate(100);
  task.mutable_training()->set_epochs(20);
  const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, task, "a");
  ASSERT_THAT(output, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("not finite")));
  EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::INVALID);
}

TEST_F(TrainTaskTest, WhatCannotBeTrainedIsOfTheTask) {
  Machine machine(artifacts_);
  v1::TrainTask no_path = world_.Train(), classes = world_.Train(), batch = world_.Train(),
                resolution = world_.Train();
  no_path.mutable_dataset()->clear_path();
  classes.mutable_supernet()->set_classes(9);
  batch.mutable_training()->set_batch_size(4096);
  resolution.mutable_dataset()->set_resolution(24);
  for (const v1::TrainTask& task : {no_path, classes, batch, resolution}) {
    const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, task, "a");
    ASSERT_FALSE(output.ok());
    EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::INVALID) << output.status();
  }
}

TEST_F(TrainTaskTest, ADataSetThatIsNotHereIsOfTheMember) {
  Machine machine(artifacts_);
  v1::TrainTask task = world_.Train();
  task.mutable_dataset()->set_path(world_.At("nowhere"));
  const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, task, "a");
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::MEMBER_FAILED);
  EXPECT_THAT(machine.datasets.Problems(), ElementsAre(Key(world_.At("nowhere"))));
}

// One search that names the wrong kind must not keep the data set from the others.
TEST_F(TrainTaskTest, ADataSetThatIsBrokenOrOfAnotherKindIsOfTheTaskAndStillOffered) {
  Machine machine(artifacts_);
  v1::TrainTask broken = world_.Train(), cifar = world_.Train(), images = world_.Train();
  broken.mutable_dataset()->set_path(world_.At("broken"));
  fs::copy(world_.data_folder(), world_.At("broken"));
  fs::resize_file(world_.At("broken/train-images-idx3-ubyte"), 1000);
  cifar.mutable_dataset()->set_kind(v1::DatasetSpec::CIFAR_BINARY);
  images.mutable_dataset()->set_kind(v1::DatasetSpec::IMAGE_FOLDER);
  machine.datasets.Ask({world_.At("broken"), world_.data_folder()});
  for (const v1::TrainTask& task : {broken, cifar, images}) {
    const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, task, "a");
    ASSERT_FALSE(output.ok());
    EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::INVALID) << output.status();
    EXPECT_THAT(std::string(output.status().message()), HasSubstr(task.dataset().path()));
  }
  EXPECT_THAT(machine.datasets.Offered(),
              UnorderedElementsAre(world_.At("broken"), world_.data_folder()));
}

TEST_F(TrainTaskTest, ADiskThatTakesNothingIsOfTheMember) {
  Machine machine(artifacts_);
  std::ofstream(world_.At("file")) << "in the way";
  const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, world_.Train(), "file");
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::MEMBER_FAILED);
}

TEST_F(TrainTaskTest, ACoordinatorThatIsAwayAtTheEndIsOfTheMember) {
  Machine machine(artifacts_);
  artifacts_.Fail(absl::UnavailableError("away"));
  const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, world_.Train(), "a");
  EXPECT_THAT(output, StatusIs(absl::StatusCode::kUnavailable));
  artifacts_.Fail(absl::OkStatus());
  int steps = 0;
  ASSERT_THAT(CountSteps(machine, world_.Train(), machine.Options(world_, "a"), steps), IsOk());
  EXPECT_EQ(steps, 0);  // All had been done.
}

}  // namespace
}  // namespace boardloop
