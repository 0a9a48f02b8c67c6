#include "worker/service/specialize_task.h"

#include <filesystem>
#include <limits>
#include <set>

#include "core/data/samples.h"
#include "core/graph/model_proto.h"
#include "core/quant/interpreter.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/service/task_world.h"
#include "worker/data/dataset.h"
#include "worker/service/task_outcome.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class SpecializeTaskTest : public testing::Test {
 protected:
  SpecializeTaskTest() {
    Machine machine(artifacts_, /*threads=*/2);
    v1::TrainTask task = world_.Train();
    task.mutable_training()->set_epochs(2);
    const absl::StatusOr<v1::TrainOutput> output = machine.Train(world_, task, "a");
    EXPECT_THAT(output, IsOk());
    if (output.ok()) supernet_ = output->supernet();
  }

  v1::SpecializeTask Task() const { return world_.Specialize(supernet_, world_.RandomTexts(1)[0]); }
  absl::StatusOr<v1::SpecializeOutput> Run(const v1::SpecializeTask& task, int threads = 2) {
    Machine machine(artifacts_, threads);
    return RunSpecializeTask(task, machine.cache, machine.Context());
  }
  std::string Read(const std::string& name) { return artifacts_.Read(name).value_or(""); }

  void ExpectInvalid(const v1::SpecializeTask& task, const std::string& message) {
    const absl::StatusOr<v1::SpecializeOutput> output = Run(task);
    ASSERT_FALSE(output.ok());
    EXPECT_THAT(std::string(output.status().message()), HasSubstr(message));
    EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::INVALID);
  }

  TaskWorld world_;
  FakeArtifacts artifacts_;
  std::string supernet_;
};

TEST_F(SpecializeTaskTest, DeliversAModelInThreeFormatsWithItsFigures) {
  const absl::StatusOr<v1::SpecializeOutput> output = Run(Task());
  ASSERT_THAT(output, IsOk());
  EXPECT_THAT(ParseModel(Read(output->model_blm()), "blm"), IsOk());
  EXPECT_THAT(ImportTflite(Read(output->model_tflite()), "tflite"), IsOk());
  EXPECT_NE(Read(output->model_onnx()), "");
  EXPECT_FALSE(output->qat());
  EXPECT_THAT(output->classes(), ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(output->test_images(), kWorldTestImages);
  for (const double top1 :
       {output->val_top1_inherited(), output->val_top1_fp32(), output->val_top1_int8(),
        output->test_top1_fp32(), output->test_top1_int8()}) {
    EXPECT_GT(top1, 0.25);
    EXPECT_LE(top1, 1);
  }
}

TEST_F(SpecializeTaskTest, TheModelGivesItsTestTop1OnAllOfTheTestSplit) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_board_images(kWorldTestImages);
  const absl::StatusOr<v1::SpecializeOutput> output = Run(task);
  ASSERT_THAT(output, IsOk());
  const absl::StatusOr<Model> model = ParseModel(Read(output->model_blm()), "blm");
  ASSERT_THAT(model, IsOk());
  const absl::StatusOr<Samples> samples = ParseSamples(Read(output->samples()), "samples");
  ASSERT_THAT(samples, IsOk());
  ASSERT_EQ(samples->size(), kWorldTestImages);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(*model);
  ASSERT_THAT(interpreter, IsOk());
  int64_t correct = 0;
  for (int64_t i = 0; i < samples->size(); ++i) {
    ASSERT_THAT(interpreter->Run(samples->input(i)), IsOk());
    correct += Largest(interpreter->Output()) == samples->labels[i] ? 1 : 0;
  }
  EXPECT_EQ(output->test_top1_int8(), static_cast<double>(correct) / kWorldTestImages);
}

TEST_F(SpecializeTaskTest, SamplesAreTestImagesEachOnce) {
  const absl::StatusOr<v1::SpecializeOutput> output = Run(Task());
  ASSERT_THAT(output, IsOk());
  const absl::StatusOr<Samples> samples = ParseSamples(Read(output->samples()), "samples");
  ASSERT_THAT(samples, IsOk());
  ASSERT_EQ(samples->size(), 20);
  v1::DatasetSpec spec;
  spec.set_kind(v1::DatasetSpec::IDX);
  spec.set_path(world_.data_folder());
  const absl::StatusOr<Dataset> test = LoadTestData(spec, LoadOptions());
  ASSERT_THAT(test, IsOk());
  std::set<int64_t> seen;
  for (int64_t i = 0; i < samples->size(); ++i) {
    for (int64_t n = 0; n < test->size(); ++n) {
      const auto pixels = test->pixels.begin() + n * samples->input_bytes;
      const bool equal =
          std::equal(samples->input(i).begin(), samples->input(i).end(), pixels,
                     [](int8_t value, uint8_t pixel) { return value + 128 == pixel; });
      if (!equal) continue;
      EXPECT_EQ(samples->labels[i], test->labels[n]);
      seen.insert(n);
    }
  }
  EXPECT_EQ(seen.size(), 20);
}

TEST_F(SpecializeTaskTest, IsAFunctionOfTheTask) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_qat_epochs(1);
  const absl::StatusOr<v1::SpecializeOutput> one = Run(task, /*threads=*/1), two = Run(task, 3);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_EQ(one->SerializeAsString(), two->SerializeAsString());
}

TEST_F(SpecializeTaskTest, WithoutTrainingTheInheritedWeightsAreQuantized) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_epochs(0);
  const absl::StatusOr<v1::SpecializeOutput> output = Run(task);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->val_top1_fp32(), output->val_top1_inherited());
}

TEST_F(SpecializeTaskTest, FineTuningThatMakesItWorseIsDropped) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_epochs(1);
  task.mutable_specialization()->set_peak_rate(10);
  const absl::StatusOr<v1::SpecializeOutput> ruined = Run(task);
  ASSERT_THAT(ruined, IsOk());
  EXPECT_TRUE(ruined->kept_inherited());
  EXPECT_EQ(ruined->val_top1_fp32(), ruined->val_top1_inherited());
  task.mutable_specialization()->set_epochs(0);
  task.mutable_specialization()->clear_peak_rate();
  const absl::StatusOr<v1::SpecializeOutput> inherited = Run(task);
  ASSERT_THAT(inherited, IsOk());
  EXPECT_EQ(ruined->model_blm(), inherited->model_blm());
}

TEST_F(SpecializeTaskTest, ReportsRiseToTheEnd) {
  Machine machine(artifacts_);
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_qat_epochs(1);
  ASSERT_THAT(RunSpecializeTask(task, machine.cache, machine.Context()), IsOk());
  double last = 0;
  for (const v1::TaskProgress& progress : machine.reports) {
    EXPECT_GE(progress.fraction(), last) << progress.text();
    EXPECT_NE(progress.text(), "");
    last = progress.fraction();
  }
  EXPECT_GT(last, 0.95);
  EXPECT_LE(last, 1);
}

TEST_F(SpecializeTaskTest, StopsWhereverItIs) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_qat_epochs(1);
  const size_t before = artifacts_.size();
  // Stopped when it asks for the given time, until it does not ask so often.
  for (int stop = 0;; ++stop) {
    Machine machine(artifacts_);
    TaskContext context = machine.Context();
    int asked = 0;
    context.cancelled = [&] { return asked++ >= stop; };
    const absl::Status status = RunSpecializeTask(task, machine.cache, context).status();
    if (asked <= stop) {
      EXPECT_THAT(status, IsOk());
      EXPECT_GT(stop, 8);
      return;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled)) << stop;
    EXPECT_EQ(artifacts_.size(), before);
  }
}

TEST_F(SpecializeTaskTest, WhatIsImpossibleIsOfTheTask) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_board_images(10001);
  ExpectInvalid(task, "board_images is 10001");
  task = Task();
  task.mutable_specialization()->set_epochs(std::numeric_limits<double>::quiet_NaN());
  ExpectInvalid(task, "epochs");
  task = Task();
  task.mutable_specialization()->set_qat_epochs(-1);
  ExpectInvalid(task, "qat_epochs is -1");
  task = Task();
  task.set_subnet("no subnet");
  ExpectInvalid(task, "no subnet");
  task = Task();
  task.set_supernet(*artifacts_.Write("no checkpoint"));
  ExpectInvalid(task, "checkpoint");
}

TEST_F(SpecializeTaskTest, ALossThatIsNoNumberIsOfTheTask) {
  v1::SpecializeTask task = Task();
  task.mutable_specialization()->set_peak_rate(100);
  task.mutable_specialization()->set_epochs(20);
  const absl::StatusOr<v1::SpecializeOutput> output = Run(task);
  ASSERT_THAT(output, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("not finite")));
  EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::INVALID);
}

TEST_F(SpecializeTaskTest, ATestSplitThatIsNotHereIsOfTheMember) {
  fs::remove(fs::path(world_.data_folder()) / "t10k-images-idx3-ubyte");
  const absl::StatusOr<v1::SpecializeOutput> output = Run(Task());
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(FailedResult(output.status()).outcome(), v1::TaskResult::MEMBER_FAILED);
}

}  // namespace
}  // namespace boardloop
