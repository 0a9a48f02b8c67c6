#include "worker/torch/quantize/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "ATen/ATen.h"
#include "core/quant/interpreter.h"
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

TEST(QuantizeModelTest, AWeightThatIsNotFiniteIsNamed) {
  SmallNetwork network(6);
  network.folded[0].filter.fill_(NAN);
  EXPECT_THAT(network.Quantize(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stem: a weight of output")));
}

}  // namespace
}  // namespace boardloop
