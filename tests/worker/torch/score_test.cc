#include "worker/torch/score.h"

#include <memory>
#include <vector>

#include "ATen/ATen.h"
#include "core/graph/build_subnet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

class ScoreTest : public testing::Test {
 protected:
  ScoreTest() {
    const Graph graph = BuildSubnet(supernet_.space(), LargestOf(supernet_)).value();
    layout_ = std::make_shared<const ParameterLayout>(
        ParameterLayout::ForGraph(graph, LayoutOptions()).value());
    weights_ = ViewWeights(layout_, InitialWeights(*layout_, 3));
    Random random(1);
    for (int i = 0; i < 5; ++i) subnets_.push_back(SampleOf(supernet_, random));
    options_.calibration.images = 96;
  }
  absl::StatusOr<std::vector<Score>> Run() const {
    return ScoreSubnets(supernet_.space(), weights_, subnets_, train_, validation_, options_);
  }

  v1::SupernetSpec supernet_ = SmallSupernet();
  Dataset train_data_ = Quadrants(200, 1), validation_data_ = Quadrants(130, 2);
  DeviceData train_{train_data_, at::kCPU}, validation_{validation_data_, at::kCPU};
  std::shared_ptr<const ParameterLayout> layout_;
  Weights weights_;
  std::vector<Subnet> subnets_;
  ScoreOptions options_;
};

TEST_F(ScoreTest, IsTheSameForAnyNumberOfThreadsAndOnEveryRun) {
  const std::vector<Score> one = Run().value();
  options_.threads = 3;
  const std::vector<Score> three = Run().value();
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].correct, three[i].correct);
    EXPECT_EQ(one[i].loss, three[i].loss);
    EXPECT_EQ(one[i].images, 130);
  }
}

TEST_F(ScoreTest, ASubnetScoresAloneAsAmongOthers) {
  const std::vector<Score> all = Run().value();
  subnets_ = {subnets_[3]};
  EXPECT_EQ(Run().value()[0].loss, all[3].loss);
}

TEST_F(ScoreTest, CountsTheFirstImagesOnly) {
  options_.images = 50;
  EXPECT_EQ(Run().value()[0].images, 50);
  options_.images = 1000;
  EXPECT_EQ(Run().value()[0].images, 130);
}

TEST_F(ScoreTest, CalibrationIsTheMeanOfTheBatches) {
  const Graph graph = BuildSubnet(supernet_.space(), subnets_[0]).value();
  CalibrationOptions one;
  one.images = one.batch_size = 64;
  CalibrationOptions two = one;
  two.images = 128;
  const std::vector<Moments> first = CalibrateBatchNorm(graph, weights_, train_, one);
  const std::vector<Moments> both = CalibrateBatchNorm(graph, weights_, train_, two);
  EXPECT_TRUE(first[0].mean.defined());
  EXPECT_FALSE(at::equal(first[0].mean, both[0].mean));
  // The stem sees images alone: its mean over all of them is near that of half of them.
  EXPECT_TRUE(at::allclose(first[0].mean, both[0].mean, 0.2, 0.05));
}

TEST_F(ScoreTest, AForeignSubnetIsNamed) {
  subnets_[2].stages[0][0].kernel_size = 4;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kernel is 4")));
}

TEST_F(ScoreTest, StopsWhenAsked) {
  options_.cancelled = [] { return true; };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace boardloop
