// The depthwise kernels of depthwise_poly.S, under QEMU, against core/quant.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "firmware/codegen/lower_dsp_poly.h"
#include "tests/firmware/engine/arm_runner.h"
#include "tests/firmware/engine/kernel_case.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {
namespace {

constexpr int64_t kLaneBound = 1 << 21;

enum class Padding { kRandom, kCentered };

struct CaseOptions {
  int32_t kernel_size = 5;
  int32_t height = 5, width = 5, channels = 2;
  Padding padding = Padding::kCentered;
};

int32_t RandomZeroPoint(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return 127;
    case 1:
      return static_cast<int32_t>(random.Between(-128, 127));
    default:
      return -128;  // After a ReLU.
  }
}

int32_t LargestInput(int32_t zero_point) { return std::max(128 + zero_point, 127 - zero_point); }

int64_t WeightSum(const Op& op, const OpWeights& weights, int32_t channel) {
  int64_t sum = 0;
  for (size_t i = channel; i < weights.filter.size(); i += op.out_channels) {
    sum += std::abs(int32_t{weights.filter[i]});
  }
  return sum;
}

// Weights and bias of a channel up to the lanes' bound, often exactly to it.
void FillChannel(const Op& op, int32_t channel, int32_t largest_input, Random& random,
                 OpWeights& weights) {
  const int largest = random.Chance(0.3) ? 128 : static_cast<int>(random.Between(0, 127));
  const bool one_sign = random.Chance(0.2);
  for (size_t i = channel; i < weights.filter.size(); i += op.out_channels) {
    int64_t w = random.Between(-largest, one_sign ? 0 : std::min(largest, 127));
    if (random.Chance(0.1)) w = -largest;
    weights.filter[i] = static_cast<int8_t>(w);
  }
  while (WeightSum(op, weights, channel) * largest_input >= kLaneBound) {
    for (size_t i = channel; i < weights.filter.size(); i += op.out_channels) {
      weights.filter[i] = static_cast<int8_t>(weights.filter[i] * 7 / 8);
    }
  }
  const int64_t room = kLaneBound - 1 - WeightSum(op, weights, channel) * largest_input;
  const int64_t bias = random.Chance(0.3) ? room : random.Between(0, std::min<int64_t>(room, 9999));
  weights.bias[channel] = static_cast<int32_t>(random.Chance(0.5) ? bias : -bias);
}

// A model of one depthwise convolution that the kernel takes.
Model MakeModel(const CaseOptions& options, Random& random) {
  GraphBuilder builder("poly");
  const int32_t input = builder.Input({options.height, options.width, options.channels});
  Window window = CenteredWindow(options.kernel_size, 1);
  if (options.padding == Padding::kRandom) {
    const auto pad = [&](int32_t at_least) {
      return static_cast<int32_t>(random.Between(std::max(at_least, 0), options.kernel_size - 1));
    };
    window.pad_top = pad(0);
    window.pad_bottom = pad(options.kernel_size - options.height - window.pad_top);
    window.pad_left = pad(0);
    window.pad_right = pad(options.kernel_size - options.width - window.pad_left);
  }
  constexpr Activation kActivations[] = {Activation::kNone, Activation::kRelu6, Activation::kRelu};
  const int32_t output =
      builder.Depthwise("depthwise", input, window, kActivations[random.Below(3)]);
  Model model = RandomModel(std::move(builder).Build({output}).value(), random.Next());
  const Op& op = model.graph.ops[0];
  OpWeights& weights = model.weights[0];
  model.quantization[input] = {0.02f, RandomZeroPoint(random)};
  model.quantization[output] = {0.05f, RandomZeroPoint(random)};
  const int32_t largest_input = LargestInput(model.quantization[input].zero_point);
  for (int32_t c = 0; c < op.out_channels; ++c) {
    FillChannel(op, c, largest_input, random, weights);
    // Results over all of int8 and beyond, multipliers below 1/2; some that leave nothing.
    const double multiplier =
        random.Chance(0.1) ? std::exp2(-20 - 10 * random.Unit())
                           : std::min(0.49, std::exp2(-3 - 10 * random.Unit()) * random.Unit());
    weights.filter_scales[c] = static_cast<float>(multiplier * 0.05 / 0.02) + 1e-30f;
  }
  return model;
}

KernelCase MakePolyCase(CaseOptions options, uint64_t seed) {
  Random random = Random::ForItem(seed, 5);
  Model model = MakeModel(options, random);
  Step step;
  step.name = "depthwise";
  step.ops = {0};
  absl::StatusOr<KernelCase> c = MakeCaseOf(std::move(model), step, seed);
  EXPECT_TRUE(c.ok()) << c.status();
  const Window& w = c->first_op().window;
  c->label = absl::StrFormat("poly seed %d: %s, %dx%d, padding %d %d %d %d", seed,
                             c->model.graph.input_shape(c->first_op()).ToString(), w.kernel_h,
                             w.kernel_w, w.pad_top, w.pad_bottom, w.pad_left, w.pad_right);
  return *std::move(c);
}

void AddRuns(const CaseOptions& options, uint64_t seed, std::vector<KernelRun>& runs) {
  const KernelCase c = MakePolyCase(options, seed);
  const auto calls = LowerPolyDepthwise(c.model, c.step);
  ASSERT_TRUE(calls.ok()) << c.label << ": " << calls.status();
  ASSERT_EQ(calls->size(), 1) << c.label;
  for (const Variant& variant : VariantsOf(c)) runs.push_back(MakeRun(c, *calls, variant));
}

// Every width up to 20 with both kernel sizes.
std::vector<KernelRun> RandomRuns(int seeds) {
  std::vector<KernelRun> runs;
  for (uint64_t seed = 1; seed <= static_cast<uint64_t>(seeds); ++seed) {
    Random random = Random::ForItem(seed, 6);
    CaseOptions options;
    options.kernel_size = seed % 2 == 0 ? 5 : 7;
    options.width = 1 + static_cast<int32_t>(seed / 2 % 20);
    options.height = static_cast<int32_t>(random.Between(1, 16));
    options.channels = static_cast<int32_t>(random.Between(1, 5));
    options.padding = random.Chance(0.5) ? Padding::kCentered : Padding::kRandom;
    AddRuns(options, seed, runs);
  }
  return runs;
}

void Check(const std::vector<KernelRun>& runs, const ArmRunner::Options& options) {
  const auto runner = ArmRunner::Create(PolyKernelObjects(), options);
  ASSERT_TRUE(runner.ok()) << runner.status();
  const auto failures = runner->Run(runs);
  ASSERT_TRUE(failures.ok()) << failures.status();
  for (const ArmRunner::Failure& failure : *failures) ADD_FAILURE() << failure.what;
}

TEST(PolyKernelsTest, GiveTheBytesOfTheReferenceOnACortexM4) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(RandomRuns(KernelSeeds(400)), ArmRunner::CortexM4());
}

TEST(PolyKernelsTest, GiveTheBytesOfTheReferenceOnACortexM7) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  Check(RandomRuns(KernelSeeds(80)), ArmRunner::CortexM7());
}

TEST(PolyKernelsTest, TakeTheShapesOfVisualWakeWords) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  std::vector<KernelRun> runs;
  AddRuns({5, 10, 10, 120}, 1, runs);
  AddRuns({7, 5, 5, 240}, 2, runs);
  AddRuns({7, 3, 3, 288}, 3, runs);
  Check(runs, ArmRunner::CortexM4());
}

TEST(PolyKernelsTest, TakeLargeMaps) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  std::vector<KernelRun> runs;
  AddRuns({5, 31, 57, 3}, 1, runs);
  AddRuns({5, 80, 6, 2, Padding::kRandom}, 2, runs);
  AddRuns({7, 26, 64, 3}, 3, runs);
  AddRuns({7, 9, 91, 2, Padding::kRandom}, 4, runs);
  Check(runs, ArmRunner::CortexM4());
}

// Which layers are left to other kernels.

Model AcceptedModel() {
  Random random(1);
  return MakeModel({}, random);
}

bool Accepts(const Model& model) {
  Step step;
  step.ops = {0};
  const auto calls = LowerPolyDepthwise(model, step);
  EXPECT_TRUE(calls.ok()) << calls.status();
  return calls.ok() && !calls->empty();
}

TEST(LowerPolyDepthwiseTest, TakesTheLargestWeights) {
  Model model = AcceptedModel();
  for (int8_t& w : model.weights[0].filter) w = 127;
  EXPECT_TRUE(Accepts(model));
  for (int8_t& w : model.weights[0].filter) w = -128;
  EXPECT_TRUE(Accepts(model));
}

TEST(LowerPolyDepthwiseTest, LeavesABiasThatFillsTheLanes) {
  Model model = AcceptedModel();
  // A multiplier for which the output neither saturates nor vanishes.
  model.quantization[model.graph.ops[0].output].zero_point = -128;
  model.weights[0].filter_scales[1] = 3e-5f;
  model.weights[0].bias[1] = 1000;
  EXPECT_TRUE(Accepts(model));
  model.weights[0].bias[1] = 2 * kLaneBound;
  EXPECT_FALSE(Accepts(model));
}

TEST(LowerPolyDepthwiseTest, TakesAnyNumbersWhereTheOutputIsAlwaysTheSame) {
  Model model = AcceptedModel();
  const Op& op = model.graph.ops[0];
  for (size_t i = 1; i < model.weights[0].filter.size(); i += op.out_channels) {
    model.weights[0].filter[i] = 0;
  }
  model.weights[0].bias[1] = 1 << 30;
  EXPECT_TRUE(Accepts(model));
}

TEST(LowerPolyDepthwiseTest, LeavesMultipliersOfOneHalfAndMore) {
  Model model = AcceptedModel();
  // One tap of 1, so that the output does depend on the input.
  const Op& op = model.graph.ops[0];
  for (size_t i = 0; i < model.weights[0].filter.size(); i += op.out_channels) {
    model.weights[0].filter[i] = i == 0;
  }
  model.weights[0].bias[0] = 0;
  model.quantization[model.graph.input].zero_point = -128;
  model.quantization[op.output].zero_point = 0;
  model.weights[0].filter_scales[0] = 0.55f * 0.05f / 0.02f;
  EXPECT_FALSE(Accepts(model));
}

TEST(LowerPolyDepthwiseTest, LeavesOtherWindows) {
  const auto model_of = [](const Window& window) {
    GraphBuilder builder("other");
    const int32_t input = builder.Input({9, 9, 2});
    const int32_t output = builder.Depthwise("depthwise", input, window, Activation::kNone);
    return RandomModel(std::move(builder).Build({output}).value(), 1);
  };
  EXPECT_FALSE(Accepts(model_of(CenteredWindow(3, 1))));
  EXPECT_FALSE(Accepts(model_of(CenteredWindow(5, 2))));
  Window padded = CenteredWindow(5, 1);
  padded.pad_top = 5;
  EXPECT_FALSE(Accepts(model_of(padded)));
}

}  // namespace
}  // namespace boardloop
