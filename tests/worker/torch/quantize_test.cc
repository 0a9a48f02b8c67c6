#include "worker/torch/quantize/quantize_network.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "core/graph/build_subnet.h"
#include "core/quant/interpreter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/quantize/exact_forward.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/recipe.h"
#include "worker/torch/trainer.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

// A subnet with random weights, folded, and ranges measured on the easy data set.
struct Network {
  v1::SupernetSpec supernet = SmallSupernet();
  Dataset data = Quadrants(192, 1);
  DeviceData train{data, at::kCPU};
  Graph graph;
  std::shared_ptr<const ParameterLayout> layout;
  Weights weights;
  FoldedWeights folded;
  std::vector<Quantization> activations;

  explicit Network(uint64_t seed, RangeMethod method = RangeMethod::kMse) {
    Random random(seed);
    graph = BuildSubnet(supernet.space(), SampleOf(supernet, random)).value();
    layout = std::make_shared<const ParameterLayout>(
        ParameterLayout::ForGraph(graph, LayoutOptions()).value());
    weights = ViewWeights(layout, InitialWeights(*layout, seed));
    CalibrationOptions calibration;
    calibration.images = 128;
    folded = FoldBatchNorm(graph, weights, CalibrateBatchNorm(graph, weights, train, calibration));
    RangeOptions ranges;
    ranges.method = method;
    ranges.images = 128;
    activations = QuantizeActivations(graph, MeasureRanges(graph, folded, train, ranges));
  }
  absl::StatusOr<Model> Quantize() const { return QuantizeModel(graph, folded, activations); }
};

class RangeMethodTest : public testing::TestWithParam<RangeMethod> {};

TEST_P(RangeMethodTest, SimulatedAndIntegerPredictionsAreIdentical) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const Network network(seed, GetParam());
    const absl::StatusOr<Model> model = network.Quantize();
    ASSERT_THAT(model, IsOk());
    const Predictions simulated =
        PredictSimulated(*model, network.folded, network.train, 0, 2).value();
    const Predictions integer = PredictInteger(*model, network.data, 0, 2).value();
    EXPECT_EQ(simulated.classes, integer.classes) << "seed " << seed;
    EXPECT_EQ(simulated.correct, integer.correct);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, RangeMethodTest,
                         testing::Values(RangeMethod::kMinMax, RangeMethod::kPercentile,
                                         RangeMethod::kMse));

TEST(QuantizeTest, EveryOutputOfTheSimulationIsTheInterpreters) {
  const Network network(7);
  const Model model = network.Quantize().value();
  Interpreter interpreter = Interpreter::Create(model).value();
  const at::Tensor images = network.train.Range(0, 3).images;
  const std::vector<at::Tensor> exact = ExactOutputs(model, interpreter, images).value();
  std::vector<at::Tensor> seen(model.graph.ops.size());
  at::NoGradGuard no_grad;
  const at::Tensor logits = ForwardStraightThrough(model, network.folded, images, exact);
  EXPECT_TRUE(at::equal(logits, exact.back()));
}

TEST(QuantizeTest, IntegersFollowTheFloatNetwork) {
  const Network network(3);
  const Model model = network.Quantize().value();
  Interpreter interpreter = Interpreter::Create(model).value();
  const at::Tensor images = network.train.Range(0, 32).images;
  const std::vector<at::Tensor> exact = ExactOutputs(model, interpreter, images).value();
  at::NoGradGuard no_grad;
  const at::Tensor logits = ForwardFolded(network.graph, network.folded, images);
  const double error = (logits - exact.back()).abs().mean().item<double>();
  EXPECT_LT(error, 0.1 * logits.abs().mean().item<double>());
}

TEST(QuantizeTest, FiltersUseTheWholeRangeAndAddUpToTheRealOnes) {
  const Network network(4);
  const Model model = network.Quantize().value();
  for (size_t i = 0; i < model.graph.ops.size(); ++i) {
    if (!network.folded[i].filter.defined()) continue;
    const FoldedOp real = Dequantize(model, i, network.folded[i]);
    const float step = *std::max_element(model.weights[i].filter_scales.begin(),
                                         model.weights[i].filter_scales.end());
    EXPECT_LE((real.filter - network.folded[i].filter).abs().max().item<float>(), 0.51f * step);
    EXPECT_EQ(*std::max_element(model.weights[i].filter.begin(), model.weights[i].filter.end(),
                                [](int8_t a, int8_t b) { return std::abs(a) < std::abs(b); }) == 0,
              false);
  }
}

TEST(QuantizeTest, ADeadNetworkStillQuantizes) {
  Network network(5);
  for (FoldedOp& op : network.folded) {
    if (op.filter.defined()) op.filter.zero_();
  }
  RangeOptions ranges;
  ranges.images = 64;
  network.activations = QuantizeActivations(
      network.graph, MeasureRanges(network.graph, network.folded, network.train, ranges));
  const absl::StatusOr<Model> model = network.Quantize();
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(PredictInteger(*model, network.data, 10, 1), IsOk());
}

TEST(QuantizeTest, AHugeBiasGetsACoarserScale) {
  Network network(6);
  network.folded[0].bias.fill_(1e6);
  const absl::StatusOr<Model> model = network.Quantize();
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(Interpreter::Create(*model), IsOk());
}

TEST(QuantizeTest, AWeightThatIsNotFiniteIsNamed) {
  Network network(6);
  network.folded[0].filter.fill_(NAN);
  EXPECT_THAT(network.Quantize(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stem: a weight of output")));
}

class TrainedNetworkTest : public testing::Test {
 protected:
  // Trains the smallest subnet on the easy data set.
  TrainedNetworkTest() {
    Checkpoint start = SmallStart(data_.size());
    start.header.mutable_training()->set_recipe(v1::TrainingSpec::SINGLE);
    start.header.mutable_training()->set_epochs(6);
    start.header.set_subnet(CanonicalText(SmallestOf(start.header.supernet())));
    Trainer::Options options;
    options.threads = 2;
    const auto trainer = Trainer::Create(start, train_, options).value();
    while (!trainer->done()) EXPECT_THAT(trainer->Step(), IsOk());
    weights_ = trainer->ScoredWeights();
    graph_ =
        BuildSubnet(start.header.supernet().space(), SmallestOf(start.header.supernet())).value();
    options_.calibration.images = 128;
    options_.ranges.images = 128;
    options_.qat.batch_size = 16;
    options_.qat.micro_batch_size = 8;
    options_.threads = 2;
  }
  absl::StatusOr<QuantizedNetwork> Run() {
    return QuantizeNetwork(graph_, weights_, train_, validation_, validation_data_, options_);
  }

  Dataset data_ = Quadrants(160, 1), validation_data_ = Quadrants(200, 2);
  DeviceData train_{data_, at::kCPU}, validation_{validation_data_, at::kCPU};
  Graph graph_;
  Weights weights_;
  QuantizeOptions options_;
};

TEST_F(TrainedNetworkTest, QuantizationLosesLittle) {
  const absl::StatusOr<QuantizedNetwork> result = Run();
  ASSERT_THAT(result, IsOk());
  EXPECT_GT(result->fp32_top1, 0.9);
  EXPECT_GE(result->integer_top1, result->fp32_top1 - 0.03);
  EXPECT_EQ(result->integer_top1, result->simulated_top1);
  EXPECT_FALSE(result->qat);
}

TEST_F(TrainedNetworkTest, TrainingOnIsNeverWorse) {
  options_.qat_epochs = 1;
  const absl::StatusOr<QuantizedNetwork> result = Run();
  ASSERT_THAT(result, IsOk());
  EXPECT_GE(result->simulated_top1, result->ptq_top1);
  EXPECT_EQ(result->integer_top1, result->simulated_top1);
}

TEST_F(TrainedNetworkTest, QuantizationAwareTrainingLowersTheLossOnAnyNumberOfThreads) {
  CalibrationOptions calibration;
  calibration.images = 128;
  const FoldedWeights folded =
      FoldBatchNorm(graph_, weights_, CalibrateBatchNorm(graph_, weights_, train_, calibration));
  const std::vector<Quantization> activations =
      QuantizeActivations(graph_, MeasureRanges(graph_, folded, train_, options_.ranges));
  const auto train = [&](int threads, std::vector<double>& losses) {
    FoldedWeights weights(folded.size());
    for (size_t i = 0; i < folded.size(); ++i) {
      if (folded[i].filter.defined()) {
        weights[i] = {folded[i].filter.clone(), folded[i].bias.clone()};
      }
    }
    QatOptions qat = options_.qat;
    qat.epochs = 4;
    qat.threads = threads;
    qat.progress = [&](int64_t, int64_t, double loss) { losses.push_back(loss); };
    return TrainQuantized(graph_, weights, activations, train_, qat).value();
  };
  std::vector<double> one, two;
  const Model a = train(1, one), b = train(2, two);
  EXPECT_EQ(one, two);
  EXPECT_EQ(a.weights[0].filter, b.weights[0].filter);
  const auto mean = [](auto begin, auto end) { return std::accumulate(begin, end, 0.0); };
  EXPECT_LT(mean(one.end() - 10, one.end()), mean(one.begin(), one.begin() + 10));
}

TEST_F(TrainedNetworkTest, BadOptionsOfTrainingAreTold) {
  options_.qat_epochs = 1;
  options_.qat.micro_batch_size = 5;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("multiple")));
}

}  // namespace
}  // namespace boardloop
