#include "core/base/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace boardloop {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// A search is repeated from its seed, also by a later version: these sequences never change. They
// were computed by an independent program from the published xoshiro256** and splitmix64.
TEST(RandomTest, SequencesArePinned) {
  Random zero(0);
  EXPECT_EQ(zero.Next(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(zero.Next(), 0xbf6e1f784956452au);
  EXPECT_EQ(zero.Next(), 0x1a5f849d4933e6e0u);
  EXPECT_EQ(zero.Next(), 0x6aa594f1262d2d2cu);
  EXPECT_EQ(zero.Next(), 0xbba5ad4a1f842e59u);
  Random other(42);
  EXPECT_EQ(other.Next(), 0x15780b2e0c2ec716u);
  EXPECT_EQ(other.Next(), 0x6104d9866d113a7eu);
}

TEST(RandomTest, ItemStreamsArePinned) {
  Random item = Random::ForItem(7, 3);
  EXPECT_EQ(item.Next(), 0x80568daaa2ae92dbu);
  EXPECT_EQ(item.Next(), 0x3bd7dfdf1447d9e7u);
}

TEST(RandomTest, DerivedDrawsArePinned) {
  Random dice(42);
  std::vector<uint64_t> draws;
  for (int i = 0; i < 12; ++i) draws.push_back(dice.Below(6));
  EXPECT_EQ(draws, (std::vector<uint64_t>{0, 0, 5, 5, 4, 0, 4, 3, 4, 5, 1, 1}));

  // Half of all draws are rejected for this bound: the worst case.
  Random rejecting(42);
  EXPECT_EQ(rejecting.Below((uint64_t{1} << 63) + 1), 3321214725393783200u);
  EXPECT_EQ(rejecting.Below((uint64_t{1} << 63) + 1), 7834202072327348384u);

  Random unit(42);
  EXPECT_EQ(unit.Unit(), 0.08386297105988216);
  EXPECT_EQ(unit.Unit(), 0.3789802506626686);
}

TEST(RandomTest, ItemsAndSeedsHaveDifferentStreams) {
  EXPECT_NE(Random::ForItem(1, 0).Next(), Random::ForItem(1, 1).Next());
  EXPECT_NE(Random::ForItem(1, 0).Next(), Random::ForItem(2, 0).Next());
  EXPECT_NE(Random::ForItem(1, 2).Next(), Random::ForItem(2, 1).Next());
}

TEST(RandomTest, BelowIsUniform) {
  Random random(1);
  constexpr int kDraws = 70000;
  std::vector<int> counts(7);
  for (int i = 0; i < kDraws; ++i) ++counts[random.Below(7)];
  double chi_squared = 0;
  for (int count : counts) chi_squared += (count - 1e4) * (count - 1e4) / 1e4;
  EXPECT_LT(chi_squared, 22.5);  // 6 degrees of freedom: exceeded once in 1,000 seeds.
}

TEST(RandomTest, BelowOneIsZero) { EXPECT_EQ(Random(5).Below(1), 0u); }

TEST(RandomTest, BetweenReachesBothEndsAndNothingElse) {
  Random random(1);
  bool low = false, high = false;
  for (int i = 0; i < 1000; ++i) {
    int64_t draw = random.Between(-2, 3);
    ASSERT_GE(draw, -2);
    ASSERT_LE(draw, 3);
    low |= draw == -2;
    high |= draw == 3;
  }
  EXPECT_TRUE(low);
  EXPECT_TRUE(high);
}

TEST(RandomTest, BetweenOfOneValueIsThatValue) {
  Random random(1);
  EXPECT_EQ(random.Between(kMin, kMin), kMin);
  EXPECT_EQ(random.Between(kMax, kMax), kMax);
}

TEST(RandomTest, UnitIsInTheHalfOpenIntervalWithMeanOneHalf) {
  Random random(1);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    double draw = random.Unit();
    ASSERT_GE(draw, 0);
    ASSERT_LT(draw, 1);
    sum += draw;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.012);  // Four standard errors.
}

TEST(RandomTest, ChanceOfZeroNeverHappensAndChanceOfOneAlways) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.Chance(0));
    EXPECT_TRUE(random.Chance(1));
  }
}

TEST(RandomTest, BetweenTakesTheWidestRanges) {
  Random random(1);
  EXPECT_EQ(random.Between(kMin, kMin), kMin);
  EXPECT_EQ(random.Between(kMax, kMax), kMax);
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) {
    int64_t draw = random.Between(kMin, kMax);
    negative |= draw < 0;
    positive |= draw > 0;
  }
  EXPECT_TRUE(negative);
  EXPECT_TRUE(positive);
}

}  // namespace
}  // namespace boardloop
