#include "device-agent/measure/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/files.h"
#include "core/graph/graph.h"
#include "core/graph/model_proto.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/toolchain.h"
#include "device-agent/measure/board.h"
#include "tests/firmware/runner/test_network.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Pair;

Model SmallModel() {
  GraphBuilder builder("small");
  int32_t x = builder.Input({24, 24, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 10);
  return RandomModel(*std::move(builder).Build({x}), 1);
}

// Where nothing can be compiled.
Builder NoBuilder() { return Builder({"/no/such/arm-none-eabi-", "none"}, {"/dev/null", "", 1}); }

Builder RealBuilder() {
  absl::StatusOr<Toolchain> toolchain = FindToolchain();
  EXPECT_THAT(toolchain, IsOk());
  absl::StatusOr<std::string> sources = FindFirmwareSources();
  EXPECT_THAT(sources, IsOk());
  return Builder(toolchain.value_or(Toolchain{}), {SharedBuildCache(), sources.value_or(""), 0});
}

class PrepareTest : public testing::Test {
 protected:
  // Notes the steps that begin.
  StepObserver Observer() {
    return [this](const std::string& step, std::optional<double> seconds) {
      if (!seconds.has_value()) steps_.push_back(step);
    };
  }
  PreparedMeasurement Prepare(const Builder& builder, const MeasureOptions& options) {
    return Preparer(type_, builder).Prepare(SmallModel(), "small", options, Observer());
  }

  const BoardType type_ = LoadMeasurableType("virtual-stm32f405").value_or(BoardType{});
  std::vector<std::string> steps_;
};

TEST_F(PrepareTest, WhatDoesNotFitIsKnownBeforeAnythingIsBuilt) {
  MeasureOptions options;
  options.sram_limit = 16;
  const PreparedMeasurement prepared = Prepare(NoBuilder(), options);
  EXPECT_TRUE(prepared.complete());
  EXPECT_EQ(prepared.measurement.outcome, Outcome::kInfeasible);
  EXPECT_THAT(prepared.measurement.message, HasSubstr("the limit is 16 B"));
  EXPECT_TRUE(prepared.measurement.plan.has_value());
  EXPECT_THAT(steps_, ElementsAre("generate"));
  EXPECT_EQ(prepared.image, nullptr);
}

TEST_F(PrepareTest, SamplesOfAnotherSizeAreRefused) {
  MeasureOptions options;
  options.samples = std::make_shared<const Samples>(Samples{2, {1}, {0, 0}});
  const PreparedMeasurement prepared = Prepare(NoBuilder(), options);
  EXPECT_TRUE(prepared.complete());
  EXPECT_EQ(prepared.measurement.outcome, Outcome::kInvalidModel);
  EXPECT_THAT(prepared.measurement.message, HasSubstr("2 B each, the model's input has 1728"));
}

TEST_F(PrepareTest, AFileThatIsNoModelIsRefusedByName) {
  const Builder builder = NoBuilder();
  const PreparedMeasurement prepared =
      Preparer(type_, builder).PrepareFile("/no/such.tflite", {}, Observer());
  EXPECT_TRUE(prepared.complete());
  EXPECT_EQ(prepared.measurement.outcome, Outcome::kInvalidModel);
  EXPECT_EQ(prepared.measurement.model, "/no/such.tflite");
  EXPECT_THAT(steps_, ElementsAre());
}

TEST_F(PrepareTest, WhatCannotBeBuiltIsTheAgentsFailure) {
  for (const MeasureMode mode : {MeasureMode::kImage, MeasureMode::kResident}) {
    MeasureOptions options;
    options.mode = mode;
    const PreparedMeasurement prepared = Prepare(NoBuilder(), options);
    EXPECT_TRUE(prepared.complete());
    EXPECT_EQ(prepared.measurement.outcome, Outcome::kAgentFailed);
    EXPECT_NE(prepared.measurement.message, "");
  }
}

TEST_F(PrepareTest, AnImageHasItsSizesAndWaitsForABoard) {
  const PreparedMeasurement prepared = Prepare(RealBuilder(), {});
  ASSERT_FALSE(prepared.complete()) << prepared.measurement.message;
  const Measurement& measurement = prepared.measurement;
  EXPECT_THAT(steps_, ElementsAre("generate", "build"));
  EXPECT_THAT(measurement.seconds, ElementsAre(Key("generate"), Key("build")));
  EXPECT_EQ(measurement.board, "");
  EXPECT_EQ(measurement.board_type, "virtual-stm32f405");
  EXPECT_TRUE(measurement.flash.has_value() && measurement.flash->total.has_value());
  EXPECT_GT(measurement.macs, 0);
  EXPECT_TRUE(measurement.runs.empty());
  EXPECT_EQ(measurement.image_elf, "") << "nobody asked for it";
  EXPECT_THAT(measurement.provenance, Contains(Pair("image_sha256", prepared.image->digest)));
  EXPECT_FALSE(prepared.steps.empty());
  EXPECT_FALSE(prepared.lap_steps.empty());
  EXPECT_TRUE(prepared.table.bytes.empty());
}

TEST_F(PrepareTest, AFilesHashIsInTheProvenance) {
  const TestFolder folder;
  const std::string path = folder.Path("small.blm");
  ASSERT_THAT(WriteFileAtomically(path, SerializeModel(SmallModel())), IsOk());
  const Builder builder = RealBuilder();
  const PreparedMeasurement prepared = Preparer(type_, builder).PrepareFile(path, {}, Observer());
  ASSERT_FALSE(prepared.complete()) << prepared.measurement.message;
  EXPECT_THAT(prepared.measurement.provenance, Contains(Key("model_sha256")));
}

TEST_F(PrepareTest, ResidentMeasurementsShareTheImageAlsoFromSeveralThreads) {
  const Builder builder = RealBuilder();
  Preparer preparer(type_, builder);
  MeasureOptions options;
  options.mode = MeasureMode::kResident;
  std::vector<PreparedMeasurement> prepared(3);
  std::vector<std::thread> threads;
  for (PreparedMeasurement& one : prepared) {
    threads.emplace_back(
        [&] { one = preparer.Prepare(SmallModel(), "small", options, IgnoreSteps); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const PreparedMeasurement& one : prepared) {
    ASSERT_FALSE(one.complete()) << one.measurement.message;
    EXPECT_THAT(one.measurement.seconds, ElementsAre(Key("generate"), Key("image"), Key("load")));
    EXPECT_EQ(one.image, prepared[0].image);
    EXPECT_FALSE(one.table.bytes.empty());
    EXPECT_EQ(one.table.bytes, prepared[0].table.bytes);
  }
}

}  // namespace
}  // namespace boardloop
