#include "worker/torch/quantize/activation_ranges.h"

#include <limits>

#include "ATen/ATen.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/quantize/small_network.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

std::vector<RealRange> Measure(const SmallNetwork& network, RangeMethod method,
                               double tail = 1e-4) {
  RangeOptions options = network.ranges;
  options.method = method;
  options.tail = tail;
  return MeasureRanges(network.graph, network.folded, network.train, options).value();
}

TEST(ActivationRangesTest, EachRangeHasTheZeroAndAReLU6StaysBelowSix) {
  const SmallNetwork network(1);
  for (const RangeMethod method :
       {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
    const std::vector<RealRange> ranges = Measure(network, method);
    for (const Op& op : network.graph.ops) {
      EXPECT_LE(ranges[op.output].low, 0) << op.name;
      EXPECT_GE(ranges[op.output].high, 0) << op.name;
      if (op.activation != Activation::kRelu6) continue;
      EXPECT_EQ(ranges[op.output].low, 0) << op.name;
      EXPECT_LE(ranges[op.output].high, 6) << op.name;
    }
  }
}

TEST(ActivationRangesTest, CutRangesLieWithinAllThatWasSeen) {
  const SmallNetwork network(2);
  const std::vector<RealRange> all = Measure(network, RangeMethod::kMinMax);
  const std::vector<RealRange> most = Measure(network, RangeMethod::kPercentile, 1e-3);
  const std::vector<RealRange> half = Measure(network, RangeMethod::kPercentile, 0.2);
  const std::vector<RealRange> least = Measure(network, RangeMethod::kMse);
  double all_width = 0, most_width = 0, half_width = 0;
  for (const Op& op : network.graph.ops) {
    const auto width = [&](const std::vector<RealRange>& ranges) {
      return ranges[op.output].high - ranges[op.output].low;
    };
    EXPECT_LE(width(least), width(all));
    all_width += width(all), most_width += width(most), half_width += width(half);
  }
  EXPECT_LT(most_width, all_width);
  EXPECT_LT(half_width, most_width);
}

TEST(ActivationRangesTest, TheLastRangeIsThatOfTheLogits) {
  const SmallNetwork network(3);
  RangeOptions options = network.ranges;
  options.method = RangeMethod::kMinMax;
  options.images = 4000;  // Each of the 192 images is among them.
  const RealRange range =
      MeasureRanges(network.graph, network.folded, network.train, options).value().back();
  at::NoGradGuard no_grad;
  const at::Tensor logits =
      ForwardFolded(network.graph, network.folded, network.train.Range(0, 192).images);
  EXPECT_NEAR(range.low, std::min(0.0f, logits.min().item<float>()), 1e-5);
  EXPECT_NEAR(range.high, std::max(0.0f, logits.max().item<float>()), 1e-5);
}

TEST(ActivationRangesTest, AnOutputThatIsNotFiniteIsNamed) {
  SmallNetwork network(5);
  network.folded.back().bias.fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(MeasureRanges(network.graph, network.folded, network.train, network.ranges),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("classifier: an output")));
}

TEST(ActivationRangesTest, BadOptionsAreTold) {
  const SmallNetwork network(6);
  RangeOptions options = network.ranges;
  options.tail = 0.5;
  EXPECT_THAT(MeasureRanges(network.graph, network.folded, network.train, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("[0, 0.5)")));
  options = network.ranges;
  options.images = -1;
  EXPECT_THAT(MeasureRanges(network.graph, network.folded, network.train, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1 images")));
}

}  // namespace
}  // namespace boardloop
