#include "worker/torch/quantize/quantize_network.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "core/graph/build_subnet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/quantize/small_network.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/recipe.h"
#include "worker/torch/trainer.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

class RangeMethodTest : public testing::TestWithParam<RangeMethod> {};

TEST_P(RangeMethodTest, SimulatedAndIntegerPredictionsAreIdentical) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const SmallNetwork network(seed, GetParam());
    const absl::StatusOr<Model> model = network.Quantize();
    ASSERT_THAT(model, IsOk());
    const Predictions simulated = PredictSimulated(*model, network.train, 0, 2).value();
    const Predictions integer = PredictInteger(*model, network.data, 0, 2).value();
    EXPECT_EQ(simulated.classes, integer.classes) << "seed " << seed;
    EXPECT_EQ(simulated.correct, integer.correct);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, RangeMethodTest,
                         testing::Values(RangeMethod::kMinMax, RangeMethod::kPercentile,
                                         RangeMethod::kMse));

TEST(PredictTest, AnswersDoNotDependOnThreads) {
  const SmallNetwork network(2);
  const Model model = network.Quantize().value();
  EXPECT_EQ(PredictSimulated(model, network.train, 150, 1).value().classes,
            PredictSimulated(model, network.train, 150, 3).value().classes);
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
      QuantizeActivations(graph_, MeasureRanges(graph_, folded, train_, options_.ranges).value());
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

TEST_F(TrainedNetworkTest, AStepMovesEveryFilterByAFiniteAmount) {
  FoldedWeights folded =
      FoldBatchNorm(graph_, weights_, CalibrateBatchNorm(graph_, weights_, train_, {128, 64, 1}));
  const std::vector<Quantization> activations =
      QuantizeActivations(graph_, MeasureRanges(graph_, folded, train_, options_.ranges).value());
  const FoldedWeights before = folded;
  QatOptions qat = options_.qat;
  qat.epochs = 0.1;
  ASSERT_THAT(TrainQuantized(graph_, folded, activations, train_, qat), IsOk());
  for (size_t i = 0; i < folded.size(); ++i) {
    if (!folded[i].filter.defined()) continue;
    EXPECT_TRUE(folded[i].filter.isfinite().all().item<bool>()) << graph_.ops[i].name;
    EXPECT_TRUE(folded[i].bias.isfinite().all().item<bool>()) << graph_.ops[i].name;
    EXPECT_FALSE(at::equal(folded[i].filter, before[i].filter)) << graph_.ops[i].name;
  }
}

// From a stem channel that batch norm made huge.
TEST_F(TrainedNetworkTest, TrainingKeepsFiltersWithinTheirLargestScale) {
  FoldedWeights folded =
      FoldBatchNorm(graph_, weights_, CalibrateBatchNorm(graph_, weights_, train_, {128, 64, 1}));
  const std::vector<Quantization> activations =
      QuantizeActivations(graph_, MeasureRanges(graph_, folded, train_, options_.ranges).value());
  folded[0].filter.select(0, 1).mul_(1e4);
  QatOptions qat = options_.qat;
  qat.epochs = 1;
  qat.peak_rate = 0.1;
  const Model model = TrainQuantized(graph_, folded, activations, train_, qat).value();
  const float most = MostFilterScale(graph_.ops[0], activations);
  EXPECT_LE(folded[0].filter.abs().max().item<float>(), 127.001f * most);
  for (const float scale : model.weights[0].filter_scales) EXPECT_LE(scale, most);
}

TEST_F(TrainedNetworkTest, TrainingStopsWhenAsked) {
  options_.qat_epochs = 1;
  options_.qat.cancelled = [] { return true; };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kCancelled, testing::_));
}

TEST_F(TrainedNetworkTest, WhatATeacherThrowsBecomesAnError) {
  options_.qat_epochs = 1;
  options_.qat.teacher = [](const at::Tensor& images) { return images.view({1, 1, 1}); };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInternal, HasSubstr("LibTorch")));
}

TEST_F(TrainedNetworkTest, BadOptionsOfRangesAreTold) {
  options_.ranges.images = 0;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 images")));
}

}  // namespace
}  // namespace boardloop
