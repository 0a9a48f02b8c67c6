#include "core/space/space_optimization.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/graph/build_subnet.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr SpaceLimits kNoLimits = {int64_t{1} << 40, int64_t{1} << 40};

// Three widths and two resolutions of the paper's space.
Space SmallGrid() {
  Space space = *SpacePreset("mbv2-imagenet");
  space.clear_width_mults();
  for (double width_mult : {0.3, 0.5, 0.7}) space.add_width_mults(width_mult);
  space.clear_resolutions();
  for (int32_t resolution : {96, 144}) space.add_resolutions(resolution);
  return space;
}

SpaceOptimizationOptions Samples(int32_t samples) {
  SpaceOptimizationOptions options;
  options.samples = samples;
  return options;
}

// Everything of a result as text, so that two results can be compared.
std::string Describe(const SpaceOptimizationResult& result) {
  std::string text;
  for (const SpaceStatistics& s : result.spaces) {
    absl::StrAppend(&text, s.width_mult, " ", s.resolution, " ", s.survivors, " ", s.mean_macs, " ",
                    s.mean_macs_ci95, " ", s.rank, ":", absl::StrJoin(s.macs, ","), "\n");
  }
  if (result.closest_miss) {
    absl::StrAppend(&text, CanonicalText(result.closest_miss->subnet), " ",
                    result.closest_miss->sram_bytes, " ", result.closest_miss->flash_bytes);
  }
  return text;
}

TEST(SpaceOptimizationTest, CoversTheGridInOrder) {
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), kNoLimits, Samples(5));
  ASSERT_THAT(result, IsOk());
  ASSERT_EQ(result->spaces.size(), 6u);
  EXPECT_EQ(result->spaces[0].width_mult, 0.3);
  EXPECT_EQ(result->spaces[0].resolution, 96);
  EXPECT_EQ(result->spaces[1].resolution, 144);
  EXPECT_EQ(result->spaces[5].width_mult, 0.7);
}

TEST(SpaceOptimizationTest, WithoutLimitsEverythingSurvivesAndTheLargestSpaceWins) {
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), kNoLimits, Samples(50));
  ASSERT_THAT(result, IsOk());
  for (const SpaceStatistics& s : result->spaces) {
    EXPECT_EQ(s.survivors, 50);
    EXPECT_EQ(s.survival_rate, 1.0);
  }
  EXPECT_EQ(result->spaces.back().rank, 1);
  EXPECT_FALSE(result->closest_miss.has_value());
}

TEST(SpaceOptimizationTest, StatisticsAreThoseOfTheSurvivors) {
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), kNoLimits, Samples(40));
  ASSERT_THAT(result, IsOk());
  const SpaceStatistics& s = result->spaces[2];
  ASSERT_EQ(s.macs.size(), 40u);
  EXPECT_TRUE(std::is_sorted(s.macs.begin(), s.macs.end()));
  double mean = std::accumulate(s.macs.begin(), s.macs.end(), 0.0) / 40;
  double variance = 0;
  for (int64_t macs : s.macs) variance += (macs - mean) * (macs - mean) / 39;
  EXPECT_NEAR(s.mean_macs, mean, 1e-6 * mean);
  EXPECT_NEAR(s.mean_macs_ci95, 1.96 * std::sqrt(variance / 40), 1e-3 * s.mean_macs_ci95);
}

TEST(SpaceOptimizationTest, TheResultDoesNotDependOnTheThreads) {
  SpaceOptimizationOptions options = Samples(60);
  const SpaceLimits limits = {160 * 1024, 700 * 1024};
  std::string alone = Describe(*OptimizeSpace(SmallGrid(), limits, options));
  options.threads = 7;
  EXPECT_EQ(Describe(*OptimizeSpace(SmallGrid(), limits, options)), alone);
}

TEST(SpaceOptimizationTest, AnotherSeedDrawsOtherSubnets) {
  SpaceOptimizationOptions options = Samples(20);
  std::string one = Describe(*OptimizeSpace(SmallGrid(), kNoLimits, options));
  options.seed = 2;
  EXPECT_NE(Describe(*OptimizeSpace(SmallGrid(), kNoLimits, options)), one);
}

TEST(SpaceOptimizationTest, MoreSamplesKeepTheFirstOnes) {
  Space space = SmallGrid();
  std::vector<int64_t> few = OptimizeSpace(space, kNoLimits, Samples(10))->spaces[3].macs;
  std::vector<int64_t> many = OptimizeSpace(space, kNoLimits, Samples(30))->spaces[3].macs;
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()));
}

TEST(SpaceOptimizationTest, PairsBelowTheSurvivalRateAreNotRanked) {
  SpaceOptimizationOptions options = Samples(100);
  options.min_survival_rate = 0.5;
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), {128 * 1024, 700 * 1024}, options);
  ASSERT_THAT(result, IsOk());
  int ranked = 0;
  for (const SpaceStatistics& s : result->spaces) {
    EXPECT_EQ(s.rank > 0, s.survival_rate >= 0.5) << s.width_mult << " " << s.resolution;
    ranked += s.rank > 0 ? 1 : 0;
  }
  EXPECT_GT(ranked, 0);
  EXPECT_LT(ranked, 6);
}

TEST(SpaceOptimizationTest, RanksByMeanMacs) {
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), {320 * 1024, 1 << 20}, Samples(50));
  ASSERT_THAT(result, IsOk());
  for (const SpaceStatistics& a : result->spaces) {
    for (const SpaceStatistics& b : result->spaces) {
      if (a.rank == 0 || b.rank == 0 || a.mean_macs <= b.mean_macs) continue;
      EXPECT_LT(a.rank, b.rank);
    }
  }
}

TEST(SpaceOptimizationTest, TheClosestMissOfSramIsTheSmallestSample) {
  Space space = SmallGrid();
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(space, {1024, int64_t{1} << 40}, Samples(30));
  ASSERT_THAT(result, IsOk());
  ASSERT_TRUE(result->closest_miss.has_value());
  int64_t least = std::numeric_limits<int64_t>::max();
  for (uint64_t pair = 0; pair < 6; ++pair) {
    for (uint64_t i = 0; i < 30; ++i) {
      Random random = Random::ForItem(1, (pair << 32) | i);
      Subnet subnet = SampleSubnet(space, space.width_mults(static_cast<int>(pair / 2)),
                                   space.resolutions(static_cast<int>(pair % 2)), random);
      Plan plan = *PlanGraph(*BuildSubnet(space, subnet), PlanOptionsWithoutPatches());
      least = std::min(least, plan.peak_sram_bytes);
    }
  }
  EXPECT_EQ(result->closest_miss->sram_bytes, least);
}

TEST(SpaceOptimizationTest, TheClosestMissOfFlashIsPlannedToo) {
  absl::StatusOr<SpaceOptimizationResult> result =
      OptimizeSpace(SmallGrid(), {int64_t{1} << 40, 1024}, Samples(30));
  ASSERT_THAT(result, IsOk());
  ASSERT_TRUE(result->closest_miss.has_value());
  EXPECT_EQ(result->closest_miss->subnet.width_mult, 0.3);
  EXPECT_GT(result->closest_miss->flash_bytes, 1024);
  EXPECT_GT(result->closest_miss->sram_bytes, 0);
}

TEST(SpaceOptimizationTest, TheClosestMissDoesNotDependOnTheThreads) {
  SpaceOptimizationOptions options = Samples(60);
  const SpaceLimits limits = {8 * 1024, 64 * 1024};
  std::string alone = Describe(*OptimizeSpace(SmallGrid(), limits, options));
  EXPECT_THAT(alone, HasSubstr("mbv2-imagenet w0.3 r96"));
  options.threads = 5;
  EXPECT_EQ(Describe(*OptimizeSpace(SmallGrid(), limits, options)), alone);
}

TEST(SpaceOptimizationTest, ProgressEndsAtTheTotal) {
  SpaceOptimizationOptions options = Samples(100);
  options.threads = 2;
  std::atomic<int64_t> most{0};
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 600);
    EXPECT_LE(done, total);
    if (done == total) most = done;
  };
  ASSERT_THAT(OptimizeSpace(SmallGrid(), kNoLimits, options), IsOk());
  EXPECT_EQ(most, 600);
}

TEST(SpaceOptimizationTest, ASpaceTooWideForAGraphIsAnError) {
  Space space = SmallGrid();
  for (v1::Stage& stage : *space.mutable_stages()) {
    stage.set_width(kMaxBaseWidth);
    stage.clear_expand_ratios();
    stage.add_expand_ratios(kMaxExpandRatio);
  }
  space.clear_width_mults();
  space.add_width_mults(kMaxWidthMult);
  EXPECT_THAT(OptimizeSpace(space, kNoLimits, Samples(1)),
              StatusIs(kInvalid, HasSubstr("mbv2-imagenet w8 r96")));
}

TEST(SpaceOptimizationTest, ArgumentsOutOfRangeAreRefused) {
  Space space = SmallGrid();
  EXPECT_THAT(OptimizeSpace(space, {0, 1}, Samples(1)),
              StatusIs(kInvalid, HasSubstr("SRAM limit in bytes is 0")));
  EXPECT_THAT(OptimizeSpace(space, {1, -5}, Samples(1)),
              StatusIs(kInvalid, HasSubstr("flash limit in bytes is -5")));
  EXPECT_THAT(OptimizeSpace(space, kNoLimits, Samples(0)),
              StatusIs(kInvalid, HasSubstr("samples is 0, must be in [1, 1000000]")));
  SpaceOptimizationOptions options = Samples(1);
  options.threads = 0;
  EXPECT_THAT(OptimizeSpace(space, kNoLimits, options), StatusIs(kInvalid, HasSubstr("threads")));
  options = Samples(1);
  options.min_survival_rate = std::nan("");
  EXPECT_THAT(OptimizeSpace(space, kNoLimits, options),
              StatusIs(kInvalid, HasSubstr("survival rate is nan")));
  space.clear_resolutions();
  EXPECT_THAT(OptimizeSpace(space, kNoLimits, Samples(1)),
              StatusIs(kInvalid, HasSubstr("space: number of resolutions is 0")));
}

TEST(SpaceOptimizationTest, TooManySamplesInAllAreRefused) {
  EXPECT_THAT(OptimizeSpace(*SpacePreset("mbv2-imagenet"), kNoLimits, Samples(1'000'000)),
              StatusIs(kInvalid, HasSubstr("108000000 samples, at most 20000000")));
}

TEST(SpaceOptimizationTest, IsGivenUpAsSoonAsItIsCancelled) {
  for (const SpaceLimits& limits : {kNoLimits, SpaceLimits{1, 1}}) {
    SpaceOptimizationOptions options = Samples(1'000'000);
    std::atomic<int> asked{0};
    options.cancelled = [&] { return ++asked > 10; };
    options.threads = 2;
    EXPECT_THAT(OptimizeSpace(SmallGrid(), limits, options),
                StatusIs(absl::StatusCode::kCancelled));
    EXPECT_LT(asked, 20);
  }
}

}  // namespace
}  // namespace boardloop
