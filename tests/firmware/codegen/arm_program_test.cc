// Whole networks on a Cortex-M4 under QEMU, against core/quant: generated C, call tables, and the
// DSP kernels as a network uses them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/quant/interpreter.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "core/tflite/tflite.h"
#include "tests/firmware/codegen/arm_network.h"
#include "tests/firmware/codegen/halo_network.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

void ExpectSameBytes(const Model& model, const Plan& plan, KernelSet kernels, ArmMode mode) {
  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, plan, kernels);
  ASSERT_THAT(program, IsOk());
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  std::vector<std::vector<int8_t>> inputs, expected;
  Random random(1);
  for (int i = 0; i < 3; ++i) {
    std::vector<int8_t> input(model.graph.shape(model.graph.input).elements());
    for (int8_t& value : input) value = static_cast<int8_t>(random.Between(-128, 127));
    ASSERT_THAT(interpreter->Run(input), IsOk());
    expected.emplace_back(interpreter->Output().begin(), interpreter->Output().end());
    inputs.push_back(std::move(input));
  }
  EXPECT_THAT(RunOnArm(*program, mode, inputs), IsOkAndHolds(expected));
}

void ExpectSameBytesInAllModes(const Model& model, KernelSet kernels) {
  for (ArmMode mode : {ArmMode::kImage, ArmMode::kResident}) {
    SCOPED_TRACE(mode == ArmMode::kImage ? "image" : "resident");
    PlanOptions options;
    for (const bool patch : {false, true}) {
      options.patch = patch;
      options.input = patch ? InputMode::kStreamed : InputMode::kResident;
      absl::StatusOr<Plan> plan = PlanGraph(model.graph, options);
      ASSERT_THAT(plan, IsOk());
      ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(model, *plan, kernels, mode));
    }
  }
}

Model SampledSubnet(uint64_t seed) {
  absl::StatusOr<Space> space = SpacePreset("mbv2-imagenet");
  EXPECT_THAT(space, IsOk());
  Random random(seed);
  absl::StatusOr<Graph> graph = BuildSubnet(*space, SampleSubnet(*space, 0.3, 64, random));
  EXPECT_THAT(graph, IsOk());
  return RandomModel(*graph, seed);
}

TEST(ArmProgramTest, PortableKernelsGiveTheInterpretersBytes) {
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  ExpectSameBytesInAllModes(SampledSubnet(1), KernelSet::kPortable);
}

TEST(ArmProgramTest, DspKernelsGiveTheInterpretersBytes) {
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  for (uint64_t seed : {1, 2}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesInAllModes(SampledSubnet(seed), KernelSet::kDsp));
  }
}

TEST(ArmProgramTest, RandomGraphsGiveTheInterpretersBytes) {
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  for (uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(
        ExpectSameBytesInAllModes(RandomModel(RandomGraph(seed), seed), KernelSet::kDsp));
  }
}

// The DSP kernel moves the rows of a window together before pixels grow in it.
TEST(ArmProgramTest, AGrowingConvolutionInPlaceOfALargerTileGivesTheInterpretersBytes) {
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  const HaloNetwork network = MakeHaloNetwork();
  absl::StatusOr<EngineProgram> program =
      MakeEngineProgram(network.model, network.plan, KernelSet::kDsp);
  ASSERT_THAT(program, IsOk());
  EXPECT_THAT(program->Kernels(), testing::Contains(testing::StartsWith("bl_pointwise")));
  for (ArmMode mode : {ArmMode::kImage, ArmMode::kResident}) {
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(network.model, network.plan, KernelSet::kDsp, mode));
  }
}

// Squeeze-and-excite: its gates have strides among their constants.
TEST(ArmProgramTest, SqueezeAndExciteGivesTheInterpretersBytes) {
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  absl::StatusOr<Graph> graph = BuildReferenceNetwork("mnasnet_a1:res=48,width=0.35,classes=10");
  ASSERT_THAT(graph, IsOk());
  ExpectSameBytesInAllModes(RandomModel(*graph, 1), KernelSet::kDsp);
}

TEST(ArmProgramTest, McunetGivesTheInterpretersBytes) {
  const std::string path = "../shared/data/models/mcunet-vww1.tflite";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  if (!CanRunArm()) GTEST_SKIP() << "no arm-none-eabi-gcc or qemu-system-arm";
  absl::StatusOr<Model> model = LoadTflite(path);
  ASSERT_THAT(model, IsOk());
  ExpectSameBytesInAllModes(*model, KernelSet::kDsp);
}

}  // namespace
}  // namespace boardloop
