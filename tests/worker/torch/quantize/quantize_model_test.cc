#include "worker/torch/quantize/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "ATen/ATen.h"
#include "core/base/random.h"
#include "core/plan/plan.h"
#include "core/quant/convolution.h"
#include "core/quant/interpreter.h"
#include "firmware/codegen/engine_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/quantize/small_network.h"
#include "worker/torch/quantize/quantize_network.h"
#include "worker/torch/quantize/simulate.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

at::Tensor SimulatedLogits(const Model& model, const at::Tensor& images) {
  at::NoGradGuard no_grad;
  return SimulatedNetwork::Create(model, {}).value().Forward(images);
}

TEST(QuantizeModelTest, IntegersFollowTheFloatNetwork) {
  const SmallNetwork network(3);
  const at::Tensor images = network.train.Range(0, 32).images;
  at::NoGradGuard no_grad;
  const at::Tensor logits = ForwardFolded(network.graph, network.folded, images);
  const at::Tensor quantized = SimulatedLogits(network.Quantize().value(), images);
  EXPECT_LT((logits - quantized).abs().mean().item<double>(),
            0.1 * logits.abs().mean().item<double>());
}

TEST(QuantizeModelTest, FiltersUseTheWholeRangeAndAddUpToTheRealOnes) {
  const SmallNetwork network(4);
  const Model model = network.Quantize().value();
  for (size_t i = 0; i < model.graph.ops.size(); ++i) {
    if (!network.folded[i].filter.defined()) continue;
    const OpWeights& weights = model.weights[i];
    const FoldedOp real = Dequantize(model, i, network.folded[i]);
    const float step =
        *std::max_element(weights.filter_scales.begin(), weights.filter_scales.end());
    EXPECT_LE((real.filter - network.folded[i].filter).abs().max().item<float>(), 0.51f * step);
    int largest = 0;
    for (const int8_t weight : weights.filter) largest = std::max(largest, std::abs(weight));
    EXPECT_EQ(largest, 127);
  }
}

TEST(QuantizeModelTest, ADeadNetworkStillQuantizes) {
  SmallNetwork network(5);
  for (FoldedOp& op : network.folded) {
    if (op.filter.defined()) op.filter.zero_();
  }
  network.MeasureAgain();
  const absl::StatusOr<Model> model = network.Quantize();
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(PredictInteger(*model, network.data, 10, 1), IsOk());
}

TEST(QuantizeModelTest, ADeadChannelIsZeroAndTheOthersAreAsBefore) {
  SmallNetwork network(5);
  network.folded[0].filter.select(0, 3).zero_();
  network.folded[0].bias[3] = 0;
  const Model model = network.Quantize().value();
  const size_t taps = model.weights[0].filter.size() / model.graph.ops[0].out_channels;
  EXPECT_THAT(absl::MakeConstSpan(model.weights[0].filter).subspan(3 * taps, taps),
              testing::Each(0));
  EXPECT_GT(model.weights[0].filter_scales[3], 0);
  EXPECT_THAT(Interpreter::Create(model), IsOk());
}

TEST(QuantizeModelTest, AnAddOfLargeTensorsThatCancelGetsAScaleThatFixedPointCanSay) {
  const SmallNetwork network(9);
  std::vector<RealRange> ranges(network.graph.tensors.size(), {-1e3f, 1e3f});
  for (const Op& op : network.graph.ops) {
    if (op.kind == OpKind::kAdd) ranges[op.output] = {0, 0};
  }
  const std::vector<Quantization> activations = QuantizeActivations(network.graph, ranges);
  const absl::StatusOr<Model> model = QuantizeModel(network.graph, network.folded, activations);
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Interpreter::Create(*model), IsOk());
}

TEST(QuantizeModelTest, AHugeBiasGetsACoarserScale) {
  SmallNetwork network(6);
  network.folded[0].bias.fill_(1e6);
  const absl::StatusOr<Model> model = network.Quantize();
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Interpreter::Create(*model), IsOk());
}

// In each convolution the filter of channel 1 is 1e4 times larger, as batch norm leaves it where the deviation is
// near 0.
SmallNetwork NetworkWithHugeChannels(uint64_t seed) {
  SmallNetwork network(seed);
  for (size_t i = 0; i < network.graph.ops.size(); ++i) {
    const OpKind kind = network.graph.ops[i].kind;
    at::Tensor& filter = network.folded[i].filter;
    if (kind == OpKind::kConv2d) filter.select(0, 1).mul_(1e4);
    if (kind == OpKind::kDepthwiseConv2d) filter.select(2, 1).mul_(1e4);
  }
  return network;
}

bool IsConvolution(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
}

TEST(QuantizeModelTest, MultipliersOfConvolutionsStayBelowOneHalf) {
  const SmallNetwork network = NetworkWithHugeChannels(7);
  const Model model = network.Quantize().value();
  for (size_t i = 0; i < model.graph.ops.size(); ++i) {
    const Op& op = model.graph.ops[i];
    if (!IsConvolution(op)) continue;
    const ConvolutionParams params =
        PrepareConvolution(op, model.weights[i], network.activations[op.inputs[0]],
                           network.activations[op.output])
            .value();
    for (const FixedMultiplier& multiplier : params.multipliers) {
      EXPECT_LE(multiplier.shift, -1) << op.name;
    }
    EXPECT_EQ(params.multipliers[1].shift, -1) << op.name << ": the cut one is just below 1/2";
  }
}

TEST(QuantizeModelTest, ACutFilterIsTheNearestAndItsBiasIsWhole) {
  const SmallNetwork network = NetworkWithHugeChannels(7);
  const Model model = network.Quantize().value();
  for (size_t i = 0; i < model.graph.ops.size(); ++i) {
    const Op& op = model.graph.ops[i];
    if (!IsConvolution(op)) continue;
    const FoldedOp real = Dequantize(model, i, network.folded[i]);
    const int64_t dimension = op.kind == OpKind::kDepthwiseConv2d ? 2 : 0;
    const float scale = model.weights[i].filter_scales[1];
    const at::Tensor wanted =
        network.folded[i].filter.select(dimension, 1).clamp(-127 * scale, 127 * scale);
    const at::Tensor error = real.filter.select(dimension, 1) - wanted;
    EXPECT_LE(error.abs().max().item<float>(), 0.501f * scale) << op.name;
    EXPECT_NEAR(real.bias[1].item<float>(), network.folded[i].bias[1].item<float>(),
                0.501f * scale * network.activations[op.inputs[0]].scale)
        << op.name;
  }
}

TEST(QuantizeModelTest, ALayerWithAHugeFilterRunsInTheBoardsFastKernels) {
  const Model model = NetworkWithHugeChannels(8).Quantize().value();
  const Plan plan = PlanGraph(model.graph, PlanOptions()).value();
  const EngineProgram program = MakeEngineProgram(model, plan, KernelSet::kDsp).value();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (!IsConvolution(model.graph.ops[plan.steps[i].ops[0]])) continue;
    EXPECT_THAT(program.steps[i].kernel, HasSubstr("_dsp")) << plan.steps[i].name;
  }
}

TEST(QuantizeModelTest, NoRoundingBringsTheLargestMultiplierToOneHalf) {
  const SmallNetwork network(1);
  const Op& op = network.graph.ops[0];
  std::vector<Quantization> activations = network.activations;
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto draw = [&] { return static_cast<float>(std::exp(20 * random.Unit() - 10)); };
    const float in = activations[op.inputs[0]].scale = draw();
    const float out = activations[op.output].scale = draw();
    const float scale = MostFilterScale(op, activations);
    EXPECT_EQ(QuantizeMultiplier(static_cast<double>(in) * scale / out).shift, -1)
        << in << " to " << out;
    EXPECT_GT(static_cast<double>(in) * scale / out, 0.49999);
  }
}

TEST(QuantizeModelTest, AFullyConnectedFilterIsNotCut) {
  SmallNetwork network(7);
  network.folded.back().filter.select(0, 1).mul_(1e4);
  const Model model = network.Quantize().value();
  const FoldedOp real = Dequantize(model, model.graph.ops.size() - 1, network.folded.back());
  EXPECT_TRUE(at::allclose(real.filter[1], network.folded.back().filter[1], 0,
                           0.51 * model.weights.back().filter_scales[1]));
}

TEST(QuantizeModelTest, AWeightBeyondAllIntegersKeepsItsSign) {
  SmallNetwork network(7);
  const at::Tensor channel = network.folded[0].filter.select(0, 1).flatten();
  network.folded[0].filter.select(0, 1).copy_(
      (channel.sign() * 1e30).view(network.folded[0].filter.select(0, 1).sizes()));
  const Model model = network.Quantize().value();
  const FoldedOp real = Dequantize(model, 0, network.folded[0]);
  EXPECT_TRUE(at::equal(real.filter[1].sign().flatten(), channel.sign()));
}

// 2^30 steps of the largest scale: no input changes the output.
TEST(QuantizeModelTest, ABiasBeyondTheLargestScaleSaturates) {
  SmallNetwork network(6);
  network.folded[0].bias[1] = 1e12;
  network.folded[0].bias[2] = -1e12;
  const Model model = network.Quantize().value();
  EXPECT_EQ(model.weights[0].bias[1], 1 << 30);
  EXPECT_EQ(model.weights[0].bias[2], -(1 << 30));
  EXPECT_THAT(Interpreter::Create(model), IsOk());
}

TEST(QuantizeModelTest, AWeightThatIsNotFiniteIsNamed) {
  SmallNetwork network(6);
  network.folded[0].filter.fill_(NAN);
  EXPECT_THAT(network.Quantize(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stem: a weight of output")));
}

}  // namespace
}  // namespace boardloop
