#include "server/search/latency_predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "tests/server/search/landscape.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr double kClockHz = 168e6;

// A board whose kernels cost what a linear function says, but for `noise`, a share.
class LinearBoard {
 public:
  explicit LinearBoard(double noise, uint64_t seed = 1) : noise_(noise), random_(seed) {}

  double Cycles(const StepWork& work) {
    const bool depthwise = work.op == "DEPTHWISE_CONV_2D";
    const double exact = (depthwise ? 2.5 : 1.2) * static_cast<double>(work.macs) +
                         6.0 * static_cast<double>(work.outputs) +
                         (depthwise ? 40.0 * static_cast<double>(work.rows) : 0) + 500;
    return exact * (1 + noise_ * (2 * random_.Unit() - 1));
  }

  // 10,000 cycles lie beside the steps.
  v1::Measurement Measure(const std::vector<StepWork>& steps) {
    v1::Measurement measurement;
    measurement.set_outcome(v1::Measurement::OK);
    measurement.set_clock_hz(static_cast<int64_t>(kClockHz));
    double sum = 10'000;
    for (const StepWork& step : steps) {
      v1::OperatorMeasurement& measured = *measurement.add_operators();
      measured.set_name(step.name);
      measured.set_operator_(step.op);
      measured.set_macs(step.macs);
      measured.set_cycles(static_cast<int64_t>(Cycles(step)));
      sum += static_cast<double>(measured.cycles());
    }
    measurement.set_latency_ms(sum / kClockHz * 1e3);
    return measurement;
  }

 private:
  double noise_;
  Random random_;
};

std::vector<StepWork> StepsOf(const Space& space, const Subnet& subnet) {
  const absl::StatusOr<PlannedNetwork> network = PlanSubnet(space, subnet, PlanOptions());
  CHECK(network.ok()) << network.status();
  return WorkOfSteps(network->graph, network->plan);
}

Subnet RandomSubnet(const Space& space, uint64_t seed) {
  Random random(seed);
  return SampleSubnet(space, 0.2, 28, random);
}

std::vector<LatencySample> MakeSamples(const Space& space, LinearBoard board, uint64_t count) {
  std::vector<LatencySample> samples;
  for (uint64_t seed = 0; seed < count; ++seed) {
    const Subnet subnet = RandomSubnet(space, seed);
    std::vector<StepWork> steps = StepsOf(space, subnet);
    const v1::Measurement measurement = board.Measure(steps);
    absl::StatusOr<LatencySample> sample =
        MakeLatencySample(HashSubnet(subnet).Hex(), std::move(steps), measurement);
    CHECK(sample.ok()) << sample.status();
    samples.push_back(*std::move(sample));
  }
  return samples;
}

LatencyPredictor FitTo(const std::vector<LatencySample>& samples) {
  absl::StatusOr<LatencyPredictor> predictor = LatencyPredictor::Fit(samples);
  CHECK(predictor.ok()) << predictor.status();
  return *std::move(predictor);
}

// ---- Samples.

StepWork Step(const std::string& name, const std::string& op) {
  StepWork step;
  step.name = name;
  step.op = step.kind = op;
  return step;
}

v1::Measurement Measured(const std::vector<std::string>& names) {
  v1::Measurement measurement;
  measurement.set_outcome(v1::Measurement::OK);
  measurement.set_clock_hz(1000);
  measurement.set_latency_ms(100);
  for (const std::string& name : names) {
    v1::OperatorMeasurement& measured = *measurement.add_operators();
    measured.set_name(name);
    measured.set_operator_("CONV_2D");
    measured.set_cycles(measurement.operators_size());
  }
  return measurement;
}

TEST(MakeLatencySampleTest, FindsOperatorsByPlaceThenByName) {
  const std::vector<StepWork> steps = {Step("a", "CONV_2D"), Step("b", "CONV_2D"),
                                       Step("c", "CONV_2D")};
  EXPECT_THAT(MakeLatencySample("n", steps, Measured({"x", "y", "z"}))->step_ms,
              ElementsAre(Optional(1.0), Optional(2.0), Optional(3.0)));
  EXPECT_THAT(MakeLatencySample("n", steps, Measured({"c", "a"}))->step_ms,
              ElementsAre(Optional(2.0), std::nullopt, Optional(1.0)));
  EXPECT_THAT(MakeLatencySample("n", steps, Measured({}))->step_ms,
              ElementsAre(std::nullopt, std::nullopt, std::nullopt));
}

TEST(MakeLatencySampleTest, RefusesWhatIsNoMeasurement) {
  v1::Measurement measurement = Measured({});
  measurement.clear_latency_ms();
  EXPECT_THAT(MakeLatencySample("n", {}, measurement),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no latency")));
  measurement.set_outcome(v1::Measurement::BOARD_FAILED);
  EXPECT_THAT(MakeLatencySample("n", {}, measurement),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("BOARD_FAILED")));
}

// ---- The predictor.

TEST(LatencyPredictorTest, RecoversALinearBoard) {
  const Space space = SmallImageSpace();
  const LatencyPredictor predictor = FitTo(MakeSamples(space, LinearBoard(0), 60));
  EXPECT_LT(predictor.error().mape, 0.002);
  EXPECT_LT(predictor.error().band, 0.005);
  EXPECT_GT(predictor.error().kendall_tau, 0.98);
  LinearBoard board(0);
  for (uint64_t seed = 1000; seed < 1020; ++seed) {
    const std::vector<StepWork> steps = StepsOf(space, RandomSubnet(space, seed));
    const double truth = board.Measure(steps).latency_ms();
    EXPECT_NEAR(predictor.Predict(steps).latency_ms, truth, 0.01 * truth) << "seed " << seed;
  }
}

TEST(LatencyPredictorTest, ReportsItsErrorHonestly) {
  // Whole networks are off by a share of their own, which nothing can learn.
  const Space space = SmallImageSpace();
  std::vector<LatencySample> samples = MakeSamples(space, LinearBoard(0), 120);
  Random random(7);
  const auto spoil = [&random](double ms) { return ms * (1 + 0.2 * (2 * random.Unit() - 1)); };
  for (LatencySample& sample : samples) sample.latency_ms = spoil(sample.latency_ms);
  const LatencyPredictor predictor = FitTo(samples);
  EXPECT_NEAR(predictor.error().mape, 0.1, 0.03);
  EXPECT_EQ(predictor.error().networks, 120);
  // The band holds what it promises of networks that come later.
  LinearBoard board(0);
  int32_t within = 0;
  for (uint64_t seed = 1000; seed < 1200; ++seed) {
    const std::vector<StepWork> steps = StepsOf(space, RandomSubnet(space, seed));
    const LatencyPrediction prediction = predictor.Predict(steps);
    const double truth = spoil(board.Measure(steps).latency_ms());
    within += std::abs(prediction.latency_ms - truth) <= prediction.band_ms * 1.05 ? 1 : 0;
    EXPECT_FALSE(prediction.confident);
    EXPECT_THAT(prediction.doubt, HasSubstr("90 % of networks"));
  }
  EXPECT_GE(within, 165);
}

TEST(LatencyPredictorTest, IsConfidentOnlyOfWhatItKnows) {
  const Space space = SmallImageSpace();
  const std::vector<LatencySample> samples = MakeSamples(space, LinearBoard(0.01), 40);
  const LatencyPredictor predictor = FitTo(samples);
  std::vector<StepWork> steps = StepsOf(space, RandomSubnet(space, 1000));
  EXPECT_TRUE(predictor.Predict(steps).confident) << predictor.Predict(steps).doubt;

  std::vector<StepWork> unknown = steps;
  unknown[1].kind = "CONV_2D k9 s1";
  EXPECT_THAT(predictor.Predict(unknown).doubt, HasSubstr("CONV_2D k9 s1"));
  EXPECT_GT(predictor.Predict(unknown).latency_ms, 0);

  std::vector<StepWork> large = steps;
  large[1].macs *= 10;
  EXPECT_THAT(predictor.Predict(large).doubt, HasSubstr("larger than any measured"));

  const LatencyPredictor young = FitTo({samples.begin(), samples.begin() + 5});
  EXPECT_THAT(young.Predict(steps).doubt, HasSubstr("5 networks were measured"));
  EXPECT_TRUE(std::isinf(young.Predict(steps).band_ms));
}

TEST(LatencyPredictorTest, DoesNotDependOnTheOrderOfSamples) {
  const Space space = SmallImageSpace();
  std::vector<LatencySample> samples = MakeSamples(space, LinearBoard(0.05), 30);
  const std::vector<StepWork> steps = StepsOf(space, RandomSubnet(space, 1000));
  const LatencyPredictor forward = FitTo(samples);
  std::reverse(samples.begin(), samples.end());
  const LatencyPredictor backward = FitTo(samples);
  EXPECT_EQ(forward.Predict(steps).latency_ms, backward.Predict(steps).latency_ms);
  EXPECT_EQ(forward.Predict(steps).band_ms, backward.Predict(steps).band_ms);
  EXPECT_EQ(forward.error().mape, backward.error().mape);
}

TEST(LatencyPredictorTest, HoldsAllSamplesOfANetworkOutTogether) {
  // One network measured 50 times tells nothing of others.
  const Space space = SmallImageSpace();
  const std::vector<LatencySample> one = MakeSamples(space, LinearBoard(0), 1);
  const LatencyPredictor predictor = FitTo(std::vector<LatencySample>(50, one[0]));
  EXPECT_EQ(predictor.error().networks, 1);
  EXPECT_TRUE(std::isinf(predictor.error().mape));
}

TEST(LatencyPredictorTest, DoesWithoutStepsWhereItMust) {
  const Space space = SmallImageSpace();
  std::vector<LatencySample> samples = MakeSamples(space, LinearBoard(0.01), 60);
  for (size_t i = 0; i < samples.size(); i += 2) samples[i].step_ms[3].reset();
  EXPECT_LT(FitTo(samples).error().mape, 0.02);
  for (LatencySample& sample : samples) {
    std::fill(sample.step_ms.begin(), sample.step_ms.end(), std::nullopt);
  }
  const LatencyPredictor predictor = FitTo(samples);
  EXPECT_LT(predictor.error().mape, 0.2);
  EXPECT_FALSE(predictor.Predict(samples[0].steps).confident);
}

TEST(LatencyPredictorTest, RefusesNothingAndNonsense) {
  EXPECT_THAT(LatencyPredictor::Fit({}), StatusIs(absl::StatusCode::kFailedPrecondition));
  LatencySample sample;
  sample.network = "n";
  EXPECT_THAT(LatencyPredictor::Fit({sample}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("network n is 0 ms")));
  sample.latency_ms = 1;
  sample.steps.resize(2);
  EXPECT_THAT(LatencyPredictor::Fit({sample}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 steps and times for 0")));
}

TEST(KendallTauTest, CountsPairs) {
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3}, {10, 20, 30}), 1);
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3}, {30, 20, 10}), -1);
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3, 4}, {1, 3, 2, 4}), 4.0 / 6);
  EXPECT_DOUBLE_EQ(KendallTau({1, 1, 2}, {1, 2, 3}), 2 / std::sqrt(6.0));
  EXPECT_EQ(KendallTau({1, 1}, {1, 2}), 0);
}

}  // namespace
}  // namespace boardloop
