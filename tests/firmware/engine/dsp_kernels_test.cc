// The ARMv7E-M kernels under QEMU, against core/quant: random shapes, windows, paddings, scales,
// zero points, activations; in place, in tiles and with any scratch that a plan may give.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/plan/kernel_table.h"
#include "firmware/codegen/kernel_catalog.h"
#include "firmware/codegen/lower_dsp_parts.h"
#include "firmware/codegen/lowering.h"
#include "tests/firmware/engine/arm_runner.h"
#include "tests/firmware/engine/kernel_case.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {
namespace {

constexpr CaseKind kKinds[] = {CaseKind::kConvolution,    CaseKind::kPointwise,
                               CaseKind::kConvolutionAdd, CaseKind::kPointwiseAdd,
                               CaseKind::kDepthwise,      CaseKind::kFullyConnected};

// Runs, and how many of each kernel.
struct Suite {
  std::vector<KernelRun> runs;
  std::map<std::string, int> kernels;
};

void AddRuns(const KernelCase& c, Suite& suite) {
  const auto calls = LowerDsp(c.model, c.step);
  ASSERT_TRUE(calls.ok()) << c.label << ": " << calls.status();
  if (calls->empty()) return;  // Left to the portable kernels.
  ++suite.kernels[calls->front().kernel];
  for (const Variant& variant : VariantsOf(c)) suite.runs.push_back(MakeRun(c, *calls, variant));
}

Suite RandomSuite(int seeds, const CaseLimits& limits) {
  Suite suite;
  for (CaseKind kind : kKinds) {
    for (int seed = 1; seed <= seeds; ++seed) {
      AddRuns(MakeKernelCase(kind, static_cast<uint64_t>(seed), limits), suite);
    }
  }
  return suite;
}

// A layer that the depthwise kernels take, its weights and scales mostly as RandomModel makes
// them.
KernelCase MakeDepthwiseCase(int32_t size, int32_t stride, const Shape& shape, uint64_t seed) {
  constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu6, Activation::kRelu};
  GraphBuilder builder("depthwise");
  const int32_t input = builder.Input(shape);
  const int32_t output = builder.Depthwise("depthwise", input, CenteredWindow(size, stride),
                                           kActivations[seed % std::size(kActivations)]);
  Model model = RandomModel(std::move(builder).Build({output}).value(), seed);
  Random random(seed);
  // Activation ranges that cut off some of int8.
  if (seed % 2 == 0) model.quantization[output].zero_point = random.Between(-128, 127);
  // The largest sums.
  if (seed % 4 == 3) {
    model.quantization[input].zero_point = -128;
    for (int8_t& w : model.weights[0].filter) w = random.Chance(0.9) ? 127 : -127;
  }
  Step step;
  step.name = "depthwise";
  step.ops = {0};
  absl::StatusOr<KernelCase> c = MakeCaseOf(std::move(model), step, seed);
  EXPECT_TRUE(c.ok()) << c.status();
  c->label = absl::StrFormat("depthwise %dx%d stride %d of %s, seed %d", size, size, stride,
                             shape.ToString(), seed);
  return *std::move(c);
}

Suite DepthwiseSuite(int seeds) {
  Suite suite;
  for (int32_t size : {3, 5, 7}) {
    for (int32_t stride : {1, 2}) {
      for (int seed = 1; seed <= seeds; ++seed) {
        Random random = Random::ForItem(static_cast<uint64_t>(seed), 1);
        const Shape shape = {static_cast<int32_t>(random.Between(1, 16)),
                             static_cast<int32_t>(random.Between(1, 24)),
                             static_cast<int32_t>(random.Between(1, 9))};
        AddRuns(MakeDepthwiseCase(size, stride, shape, static_cast<uint64_t>(seed)), suite);
      }
    }
  }
  return suite;
}

// Maps of fixed sizes: chosen where the step gets scratch for the whole plane.
Suite FixedMapSuite(int seeds) {
  Suite suite;
  for (int32_t size = 3; size <= 7; ++size) {
    for (int seed = 1; seed <= seeds; ++seed) {
      KernelCase c = MakeDepthwiseCase(3, 1, {size, size, 5}, static_cast<uint64_t>(seed));
      const Shape& shape = c.model.graph.input_shape(c.first_op());
      c.step.scratch_bytes = KernelScratch(c.first_op(), shape, shape).most;
      const auto calls = LowerDsp(c.model, c.step);
      EXPECT_TRUE(calls.ok()) << c.label << ": " << calls.status();
      if (!calls.ok() || calls->empty()) continue;
      ++suite.kernels[calls->front().kernel];
      for (const Variant& variant : VariantsOf(c)) {
        if (variant.tile || variant.scratch < 1) continue;
        suite.runs.push_back(MakeRun(c, *calls, variant));
      }
    }
  }
  return suite;
}

void Check(const std::vector<KernelRun>& runs, const ArmRunner::Options& options) {
  const auto runner = ArmRunner::Create(DspKernelObjects(), options);
  ASSERT_TRUE(runner.ok()) << runner.status();
  const auto failures = runner->Run(runs);
  ASSERT_TRUE(failures.ok()) << failures.status();
  for (const ArmRunner::Failure& failure : *failures) ADD_FAILURE() << failure.what;
}

TEST(DspKernelsTest, GiveTheBytesOfTheReferenceOnACortexM4) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(RandomSuite(KernelSeeds(300), {}).runs, ArmRunner::CortexM4());
}

TEST(DspKernelsTest, GiveTheBytesOfTheReferenceOnACortexM7) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(RandomSuite(KernelSeeds(60), {}).runs, ArmRunner::CortexM7());
}

// Scales that are powers of two: half of all sums of an ADD lie between two outputs.
Suite TieSuite(int seeds) {
  Suite suite;
  for (int seed = 1; seed <= seeds; ++seed) {
    KernelCase c = MakeKernelCase(CaseKind::kPointwiseAdd, static_cast<uint64_t>(seed));
    Model& model = c.model;
    const Op& add = c.last_op();
    for (int input : {0, 1}) {
      model.quantization[add.inputs[input]].scale = (seed >> input) % 2 == 0 ? 0.5f : 0.25f;
    }
    model.quantization[add.output].scale = 1;
    absl::StatusOr<KernelCase> tied = MakeCaseOf(std::move(model), c.step, seed);
    // Scales of the filter may not go with these.
    if (!tied.ok()) continue;
    tied->label = absl::StrFormat("ties seed %d", seed);
    AddRuns(*tied, suite);
  }
  return suite;
}

TEST(DspKernelsTest, RoundTiesOfSumsAsTheReferenceDoes) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  const Suite suite = TieSuite(KernelSeeds(100));
  EXPECT_GT(suite.runs.size(), 20u);
  Check(suite.runs, ArmRunner::CortexM4());
}

TEST(DspKernelsTest, TakeDepthwiseLayersOfAnySize) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(DepthwiseSuite(KernelSeeds(60)).runs, ArmRunner::CortexM4());
}

TEST(DspKernelsTest, TakeDepthwiseMapsOfFixedSizes) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(FixedMapSuite(KernelSeeds(12)).runs, ArmRunner::CortexM4());
}

// The suites above would miss a kernel that the lowering never chooses.
TEST(DspKernelsTest, AreAllTried) {
  std::map<std::string, int> tried;
  for (const Suite& suite : {RandomSuite(300, {}), DepthwiseSuite(60), FixedMapSuite(12)}) {
    for (const auto& [kernel, count] : suite.kernels) tried[kernel] += count;
  }
  for (const KernelObject& object : DspKernelObjects()) {
    for (const std::string& kernel : object.kernels) EXPECT_GT(tried[kernel], 0) << kernel;
  }
}

// The output of a sum as dsp_kernels.h has it.
int32_t ReluOutput(const DspReluRequantization& relu, int32_t fraction, int64_t sum) {
  const int64_t scaled = sum * (int64_t{1} << relu.scale) + relu.offset;
  const int64_t product = (scaled * relu.multiplier >> 32) + relu.rounding;
  return std::clamp(static_cast<int32_t>(product >> fraction), -128, 127);
}

TEST(DspReluRequantizationTest, GivesTheOutputsOfBothRoundings) {
  constexpr DspReluFormat kFormats[] = {{10, 2, 8, true}, {16, 8, 31, false}, {16, 2, 31, false}};
  int exact = 0, shortened = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Random random(seed);
    const DspReluFormat& format = kFormats[seed % std::size(kFormats)];
    FixedMultiplier multiplier;
    multiplier.mantissa = static_cast<int32_t>(random.Between(1 << 30, 0x7fffffff));
    multiplier.shift = -static_cast<int32_t>(random.Between(1, 16));
    const int64_t bound = int64_t{1} << random.Between(8, 24);
    const DspSumRange range = {-random.Between(0, bound), random.Between(1, bound)};
    const auto relu = MakeDspReluRequantization(multiplier, range, -128, format);
    if (!relu) continue;
    ++(relu->multiplier == multiplier.mantissa ? exact : shortened);
    for (int i = 0; i < 3000; ++i) {
      const int64_t sum = random.Between(range.lowest, range.highest);
      const int32_t expected =
          std::clamp(Multiply(static_cast<int32_t>(sum), multiplier) - 128, -128, 127);
      ASSERT_EQ(ReluOutput(*relu, format.fraction, sum), expected)
          << "seed " << seed << ", sum " << sum;
    }
  }
  EXPECT_GT(exact, 500);
  EXPECT_GT(shortened, 50);
}

TEST(DspKernelsTest, TakeWideLayers) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(RandomSuite(KernelSeeds(8), {20, 40, 200}).runs, ArmRunner::CortexM4());
}

}  // namespace
}  // namespace boardloop
