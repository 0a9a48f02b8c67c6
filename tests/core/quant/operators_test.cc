// What the golden outputs cannot show: refused parameters, and corners where LiteRT fails or
// aborts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "core/quant/activations.h"
#include "core/quant/convolution.h"
#include "core/quant/elementwise.h"
#include "core/quant/layout.h"
#include "core/quant/pooling.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr float kTiny = std::numeric_limits<float>::denorm_min();
constexpr float kHuge = std::numeric_limits<float>::max();

TEST(ActivationRangeTest, BoundsFollowScaleAndZeroPoint) {
  absl::StatusOr<ActivationRange> range = QuantizeActivation(Activation::kRelu6, {0.1f, -28});
  ASSERT_THAT(range, IsOk());
  EXPECT_EQ(range->min, -28);
  EXPECT_EQ(range->max, 32);
}

TEST(ActivationRangeTest, BoundsNeverLeaveInt8) {
  absl::StatusOr<ActivationRange> range = QuantizeActivation(Activation::kReluN1To1, {1e-5f, 3});
  ASSERT_THAT(range, IsOk());
  EXPECT_EQ(range->min, -128);
  EXPECT_EQ(range->max, 127);
}

TEST(ActivationRangeTest, AScaleTooSmallForTheBoundIsRefused) {
  EXPECT_THAT(QuantizeActivation(Activation::kRelu6, {kTiny, 0}),
              StatusIs(kInvalid, HasSubstr("too small")));
  EXPECT_THAT(QuantizeActivation(Activation::kRelu, {kTiny, 0}), IsOk());  // Its bound is 0.
}

TEST(AddTest, ScalesOutOfProportionAreRefused) {
  EXPECT_THAT(PrepareAdd({1, 0}, {1, 0}, {1e-6f, 0}, Activation::kNone),
              StatusIs(kInvalid, HasSubstr("(0, 1)")));
  EXPECT_THAT(PrepareAdd({kHuge, 0}, {kTiny, 0}, {1, 0}, Activation::kNone), StatusIs(kInvalid));
}

TEST(AddTest, BothOperandsMayBroadcast) {
  absl::StatusOr<AddParams> params = PrepareAdd({1, 0}, {1, 0}, {1, 0}, Activation::kNone);
  ASSERT_THAT(params, IsOk());
  const std::vector<int8_t> column = {10, 20};  // 2x1x1
  const std::vector<int8_t> row = {1, 2, 3};    // 1x3x1
  std::vector<int8_t> output(6);
  Add(*params, {column, {2, 1, 1}}, {row, {1, 3, 1}}, {2, 3, 1}, absl::MakeSpan(output));
  EXPECT_THAT(output, ElementsAre(11, 12, 13, 21, 22, 23));
}

TEST(MulTest, AMultiplierBeyondTheFixedPointRangeIsRefused) {
  EXPECT_THAT(PrepareMul({kHuge, 0}, {kHuge, 0}, {1, 0}, Activation::kNone),
              StatusIs(kInvalid, HasSubstr("multiplier of inf")));
  EXPECT_THAT(PrepareMul({1e6f, 0}, {1e6f, 0}, {1, 0}, Activation::kNone), StatusIs(kInvalid));
}

TEST(ConvolutionTest, AnAccumulatorThatCouldOverflowIsRefused) {
  Op op;
  op.out_channels = 1;
  OpWeights weights;
  weights.filter.assign(200000, 100);
  weights.filter_scales = {1};
  weights.bias = {0};
  EXPECT_THAT(PrepareConvolution(op, weights, {1, -128}, {1, 0}),
              StatusIs(kInvalid, HasSubstr("must fit int32")));
  EXPECT_THAT(PrepareConvolution(op, weights, {1e-3f, 0}, {1e6f, 0}), StatusIs(kInvalid));
  weights.filter.assign(1000, 100);
  EXPECT_THAT(PrepareConvolution(op, weights, {1, -128}, {1, 0}), IsOk());
}

TEST(MeanTest, MoreValuesThanInt32CanSumAreRefused) {
  EXPECT_THAT(PrepareMean({1, 0}, {1, 0}, {4096, 4096, 1}, {1, 1, 1}),
              StatusIs(kInvalid, HasSubstr("16777216")));
  EXPECT_THAT(PrepareMean({1, 0}, {1, 0}, {2048, 2048, 1}, {1, 1, 1}), IsOk());
  EXPECT_THAT(PrepareMean({1, 0}, {1, 0}, {4096, 4096, 1}, {1, 4096, 1}), IsOk());
}

std::vector<int8_t> MeanOf2x3x2(const Shape& output_shape) {
  const std::vector<int8_t> input = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
  const Shape input_shape{2, 3, 2};
  const MeanParams params = *PrepareMean({1, 0}, {1, 0}, input_shape, output_shape);
  std::vector<int8_t> output(output_shape.elements());
  Mean(params, input, input_shape, absl::MakeSpan(output), output_shape);
  return output;
}

TEST(MeanTest, OutputShapeTellsTheAxes) {
  EXPECT_THAT(MeanOf2x3x2({1, 3, 2}), ElementsAre(15, 16, 25, 26, 35, 36));
  EXPECT_THAT(MeanOf2x3x2({2, 1, 2}), ElementsAre(10, 11, 40, 41));
  EXPECT_THAT(MeanOf2x3x2({1, 1, 2}), ElementsAre(25, 26));
}

TEST(SoftmaxTest, TooManyChannelsAreRefused) {
  EXPECT_THAT(PrepareSoftmax({0.1f, 0}, 1, kMaxSoftmaxChannels + 1), StatusIs(kInvalid));
}

TEST(SoftmaxTest, AStepTooSmallForTheExponentialIsRefused) {
  EXPECT_THAT(PrepareSoftmax({1e-9f, 0}, 1, 10), StatusIs(kInvalid, HasSubstr("2^-26")));
}

// LiteRT's reference kernel aborts when the sum of exponentials reaches 512.
TEST(SoftmaxTest, ManyEqualValuesShareNothing) {
  absl::StatusOr<SoftmaxParams> params = PrepareSoftmax({0.1f, 0}, 1, kMaxSoftmaxChannels);
  ASSERT_THAT(params, IsOk());
  const std::vector<int8_t> input(kMaxSoftmaxChannels, 5);
  std::vector<int8_t> output(input.size());
  Softmax(*params, input, kMaxSoftmaxChannels, absl::MakeSpan(output));
  EXPECT_THAT(output, Each(-128));
}

TEST(SoftmaxTest, AHugeStepLeavesOnlyTheMaximum) {
  absl::StatusOr<SoftmaxParams> params = PrepareSoftmax({1e30f, 0}, 1, 3);
  ASSERT_THAT(params, IsOk());
  const std::vector<int8_t> input = {5, 6, -128};
  std::vector<int8_t> output(3);
  Softmax(*params, input, 3, absl::MakeSpan(output));
  EXPECT_THAT(output, ElementsAre(-128, 127, -128));
}

TEST(HardSwishTest, ScalesBeyondSixteenBitsAreRefused) {
  EXPECT_THAT(PrepareHardSwish({1, 0}, {1e-3f, 0}), StatusIs(kInvalid, HasSubstr("16-bit")));
  EXPECT_THAT(PrepareHardSwish({1e-5f, 0}, {1, 0}), StatusIs(kInvalid));
  EXPECT_THAT(PrepareHardSwish({1e-8f, 0}, {1e-8f, 0}), StatusIs(kInvalid));
}

TEST(NearestIndexTest, AlignedCornersMapToCorners) {
  EXPECT_EQ(NearestIndex(0, 5, 9, true, false), 0);
  EXPECT_EQ(NearestIndex(8, 5, 9, true, false), 4);
  EXPECT_EQ(NearestIndex(0, 5, 1, true, false), 0);
}

TEST(NearestIndexTest, StaysInTheInput) {
  for (bool half_pixel : {false, true}) {
    for (int32_t output = 1; output < 50; ++output) {
      for (int32_t i = 0; i < output; ++i) {
        const int32_t index = NearestIndex(i, 7, output, false, half_pixel);
        EXPECT_GE(index, 0);
        EXPECT_LT(index, 7);
      }
    }
  }
}

}  // namespace
}  // namespace boardloop
