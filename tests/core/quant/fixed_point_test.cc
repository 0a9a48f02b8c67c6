#include "core/quant/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "core/quant/fixed_point_functions.h"

namespace boardloop {
namespace {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int32_t kMin = std::numeric_limits<int32_t>::min();

TEST(QuantizeMultiplierTest, MantissaIsNormalized) {
  FixedMultiplier half = QuantizeMultiplier(0.5);
  EXPECT_EQ(half.mantissa, 1 << 30);
  EXPECT_EQ(half.shift, 0);
  FixedMultiplier six = QuantizeMultiplier(6);
  EXPECT_EQ(six.mantissa, 3 << 29);
  EXPECT_EQ(six.shift, 3);
}

TEST(QuantizeMultiplierTest, MantissaThatRoundsUpToOneBecomesAShift) {
  FixedMultiplier fixed = QuantizeMultiplier(std::nextafter(1.0, 0.0));
  EXPECT_EQ(fixed.mantissa, 1 << 30);
  EXPECT_EQ(fixed.shift, 1);
}

TEST(QuantizeMultiplierTest, TinyMultipliersBecomeZero) {
  EXPECT_EQ(QuantizeMultiplier(0x1p-33).mantissa, 0);
  EXPECT_EQ(QuantizeMultiplier(0x1p-33).shift, 0);
  EXPECT_EQ(QuantizeMultiplier(0x1p-32).mantissa, 1 << 30);
  EXPECT_EQ(QuantizeMultiplier(0x1p-32).shift, -31);
  EXPECT_EQ(QuantizeMultiplier(0).mantissa, 0);
}

TEST(QuantizeMultiplierTest, OnlyMultipliersBelowTwoToTheThirtyAreRepresentable) {
  EXPECT_TRUE(IsRepresentableMultiplier(0));
  EXPECT_TRUE(IsRepresentableMultiplier(0x1p30 - 0.5));
  EXPECT_EQ(QuantizeMultiplier(0x1p30 - 0.5).shift, 30);
  EXPECT_FALSE(IsRepresentableMultiplier(0x1p30 - 0.25));
  EXPECT_FALSE(IsRepresentableMultiplier(-1));
  EXPECT_FALSE(IsRepresentableMultiplier(std::nan("")));
  EXPECT_FALSE(IsRepresentableMultiplier(std::numeric_limits<double>::infinity()));
}

TEST(HighMulTest, TiesGoUpForBothSigns) {
  EXPECT_EQ(SaturatingRoundingDoublingHighMul(1, 1 << 30), 1);    // 0.5
  EXPECT_EQ(SaturatingRoundingDoublingHighMul(-1, 1 << 30), 0);   // -0.5
  EXPECT_EQ(SaturatingRoundingDoublingHighMul(-3, 1 << 30), -1);  // -1.5
}

TEST(HighMulTest, TheOneOverflowSaturates) {
  EXPECT_EQ(SaturatingRoundingDoublingHighMul(kMin, kMin), kMax);
  EXPECT_EQ(SaturatingRoundingDoublingHighMul(kMin, kMax), -kMax);
}

TEST(RoundingDivideTest, TiesGoAwayFromZero) {
  EXPECT_EQ(RoundingDivideByPowerOfTwo(1, 1), 1);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(-1, 1), -1);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(-3, 2), -1);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(-5, 1), -3);
}

TEST(RoundingDivideTest, EndsOfTheRangeDoNotOverflow) {
  EXPECT_EQ(RoundingDivideByPowerOfTwo(kMax, 0), kMax);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(kMin, 0), kMin);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(kMax, 31), 1);
  EXPECT_EQ(RoundingDivideByPowerOfTwo(kMin, 31), -1);
}

TEST(MultiplyTest, StaysWithinOneStepOfTheRealProduct) {
  Random random(1);
  for (int i = 0; i < 100000; ++i) {
    const double multiplier = std::exp2(random.Unit() * 24 - 22);
    const auto x = static_cast<int32_t>(random.Between(-(1 << 24), 1 << 24));
    EXPECT_NEAR(Multiply(x, QuantizeMultiplier(multiplier)), x * multiplier, 1.0)
        << x << " * " << multiplier;
  }
}

TEST(ExpOfNegativeTest, IsCloseToExp) {
  EXPECT_EQ(ExpOfNegative(0), kMax);
  for (double x = -0.001; x > -16; x *= 1.03) {
    const double found = ExpOfNegative(static_cast<int32_t>(x * 0x1p26)) * 0x1p-31;
    EXPECT_NEAR(found, std::exp(x), 4e-7) << x;
  }
  EXPECT_EQ(ExpOfNegative(kMin), 0);  // exp(-32) is far below a step.
}

TEST(OneOverOnePlusTest, IsCloseToTheQuotient) {
  for (double x = 0; x < 1; x += 0.001) {
    const double found = OneOverOnePlus(static_cast<int32_t>(x * 0x1p31)) * 0x1p-31;
    EXPECT_NEAR(found, 1 / (1 + x), 1e-8) << x;
  }
}

}  // namespace
}  // namespace boardloop
