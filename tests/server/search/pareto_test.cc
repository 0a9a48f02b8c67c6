#include "server/search/pareto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/base/random.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint64_t kSeeds = 20;

// Small whole numbers: many ties and equal points.
std::vector<ObjectiveValues> RandomPoints(uint64_t seed, size_t count, uint64_t values) {
  Random random(seed);
  std::vector<ObjectiveValues> points(count);
  for (ObjectiveValues& point : points) {
    point.top1 = static_cast<double>(random.Below(values));
    point.latency_ms = static_cast<double>(random.Below(values));
    point.sram_bytes = static_cast<double>(random.Below(values));
    point.feasible = random.Chance(0.8);
    point.violation = static_cast<double>(1 + random.Below(3));
  }
  return points;
}

// By the definition: peel what nothing dominates.
std::vector<int32_t> PeeledFronts(const std::vector<ObjectiveValues>& points) {
  std::vector<int32_t> numbers(points.size(), -1);
  for (int32_t front = 0; std::count(numbers.begin(), numbers.end(), -1) > 0; ++front) {
    std::vector<size_t> members;
    for (size_t i = 0; i < points.size(); ++i) {
      if (numbers[i] >= 0) continue;
      bool dominated = false;
      for (size_t j = 0; j < points.size(); ++j) {
        dominated = dominated || (numbers[j] < 0 && Dominates(points[j], points[i]));
      }
      if (!dominated) members.push_back(i);
    }
    for (const size_t i : members) numbers[i] = front;
  }
  return numbers;
}

// Counts unit cubes of whole-numbered points.
double CountedVolume(const std::vector<ObjectiveValues>& points, int side) {
  double volume = 0;
  for (int x = 0; x < side; ++x) {
    for (int y = 0; y < side; ++y) {
      for (int z = 0; z < side; ++z) {
        volume += std::any_of(points.begin(), points.end(), [&](const ObjectiveValues& p) {
          return p.feasible && p.top1 > x && p.latency_ms <= y && p.sram_bytes <= z;
        });
      }
    }
  }
  return volume;
}

TEST(DominatesTest, PutsFeasibilityFirst) {
  const ObjectiveValues good = {0.9, 1, 1, true, 0};
  const ObjectiveValues bad = {0.1, 9, 9, true, 0};
  const ObjectiveValues slightly_over = {0.9, 1, 1, false, 0.1};
  const ObjectiveValues far_over = {0.99, 0, 0, false, 0.2};
  EXPECT_TRUE(Dominates(good, bad));
  EXPECT_FALSE(Dominates(bad, good));
  EXPECT_FALSE(Dominates(good, good));
  EXPECT_TRUE(Dominates(bad, slightly_over));
  EXPECT_TRUE(Dominates(slightly_over, far_over));
}

TEST(FrontNumbersTest, AgreeWithTheDefinition) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const uint64_t values : {2, 4, 1000}) {
      const std::vector<ObjectiveValues> points = RandomPoints(seed, 120, values);
      EXPECT_EQ(FrontNumbers(points), PeeledFronts(points)) << "seed " << seed;
    }
  }
}

TEST(FrontNumbersTest, TakeUnknownValues) {
  const std::vector<ObjectiveValues> points = {{-kInfinity, kInfinity, 5, false, kInfinity},
                                               {0.5, kInfinity, 5, true, 0},
                                               {0.5, 1, 5, true, 0}};
  EXPECT_THAT(FrontNumbers(points), ElementsAre(2, 1, 0));
}

TEST(FrontNumbersTest, CopeWithTenThousandPoints) {
  // Each dominates the next: as many fronts as points, the worst case of peeling.
  std::vector<ObjectiveValues> points;
  for (int i = 0; i < 10'000; ++i) points.push_back({-1.0 * i, 1.0 * i, 1.0 * i, true, 0});
  EXPECT_EQ(FrontNumbers(points).back(), 9'999);
  EXPECT_THAT(ParetoFront(points), ElementsAre(0));
}

TEST(ParetoFrontTest, IsTheFirstFeasibleFront) {
  const std::vector<ObjectiveValues> points = {{0.9, 5, 5, true, 0},
                                               {0.8, 6, 6, true, 0},
                                               {0.7, 1, 9, true, 0},
                                               {0.9, 5, 5, true, 0},
                                               {1.0, 1, 1, false, 1}};
  EXPECT_THAT(ParetoFront(points), ElementsAre(0, 2, 3));
  EXPECT_THAT(ParetoFront({points[4]}), IsEmpty());
  EXPECT_THAT(ParetoFront({}), IsEmpty());
}

TEST(CrowdingDistancesTest, AreThoseOfTheNeighbours) {
  // Top-1 and latency rise together: sides of 1/4 and 1/2 in each. SRAM is the same everywhere.
  const std::vector<ObjectiveValues> front = {
      {0, 0, 7, true, 0}, {1, 10, 7, true, 0}, {2, 20, 7, true, 0}, {4, 40, 7, true, 0}};
  EXPECT_THAT(CrowdingDistances(front), ElementsAre(kInfinity, 1.0, 1.5, kInfinity));
}

TEST(CrowdingDistancesTest, DoNotDependOnOrder) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    std::vector<ObjectiveValues> front = RandomPoints(seed, 30, 1000);
    const std::vector<double> distances = CrowdingDistances(front);
    std::reverse(front.begin(), front.end());
    std::vector<double> reversed = CrowdingDistances(front);
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(distances, reversed) << "seed " << seed;
  }
}

TEST(CrowdingDistancesTest, AreFiniteForEqualPoints) {
  EXPECT_THAT(CrowdingDistances({{1, 1, 1, true, 0}, {1, 1, 1, true, 0}}), ElementsAre(0, 0));
  EXPECT_THAT(CrowdingDistances({}), IsEmpty());
}

TEST(SelectByFrontsTest, TakesWholeFrontsFirstThenTheLeastCrowded) {
  const std::vector<ObjectiveValues> points = {{2, 20, 7, true, 0},  // Crowded.
                                               {0, 0, 7, true, 0},   // An end.
                                               {4, 40, 7, true, 0},  // An end.
                                               {2.5, 24, 7, true, 0},
                                               {0, 50, 8, true, 0}};
  EXPECT_THAT(SelectByFronts(points, 2), ElementsAre(1, 2));
  EXPECT_THAT(SelectByFronts(points, 5), ElementsAre(1, 2, 0, 3, 4));
  EXPECT_THAT(SelectByFronts(points, 9).size(), 5);
}

TEST(HypervolumeTest, AgreesWithCounting) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::vector<ObjectiveValues> points = RandomPoints(seed, 1 + seed, 9);
    const ObjectiveValues reference = {0, 8, 8, true, 0};
    EXPECT_DOUBLE_EQ(Hypervolume(points, reference), CountedVolume(points, 8)) << "seed " << seed;
  }
}

TEST(HypervolumeTest, CountsOnlyWhatIsBetterThanTheReference) {
  const ObjectiveValues reference = {0.5, 10, 100, true, 0};
  EXPECT_EQ(Hypervolume({}, reference), 0);
  EXPECT_EQ(Hypervolume({{0.4, 1, 1, true, 0}, {0.9, 11, 1, true, 0}}, reference), 0);
  EXPECT_DOUBLE_EQ(Hypervolume({{0.75, 8, 50, true, 0}}, reference), 0.25 * 2 * 50);
}

}  // namespace
}  // namespace boardloop
