#include "server/search/nonnegative_least_squares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"

namespace boardloop {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FitNonnegativeTest, FindsTheCoefficients) {
  Random random(1);
  std::vector<LeastSquaresRow> rows;
  for (int i = 0; i < 40; ++i) {
    const std::vector<double> x = {1e6 * random.Unit(), random.Unit(), 100 * random.Unit()};
    rows.push_back({x, 3e-6 * x[0] + 0.5 * x[2], 1 + random.Unit()});
  }
  EXPECT_THAT(FitNonnegative(rows), ElementsAre(DoubleNear(3e-6, 1e-12), 0, DoubleNear(0.5, 1e-6)));
}

TEST(FitNonnegativeTest, HasNoNegativeCoefficients) {
  std::vector<LeastSquaresRow> rows;
  for (int i = 1; i <= 20; ++i) rows.push_back({{1.0 * i, 1}, 2.0 * i - 1, 1});
  const std::vector<double> fit = FitNonnegative(rows);
  EXPECT_GT(fit[0], 1.8);
  EXPECT_EQ(fit[1], 0);
}

TEST(FitNonnegativeTest, TakesFeaturesThatDependOnEachOther) {
  std::vector<LeastSquaresRow> rows;
  for (int i = 1; i <= 20; ++i) rows.push_back({{1.0 * i, 9.0 * i, 0}, 18.0 * i, 1});
  const std::vector<double> fit = FitNonnegative(rows);
  EXPECT_NEAR(fit[0] + 9 * fit[1], 18, 1e-6);
  EXPECT_EQ(fit[2], 0);
}

TEST(FitNonnegativeTest, LeavesNoiseAlone) {
  // The second feature explains nothing but chance.
  Random random(3);
  std::vector<LeastSquaresRow> rows;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> x = {1 + random.Unit(), random.Unit()};
    rows.push_back({x, 5 * x[0] + 0.01 * (random.Unit() - 0.5), 1});
  }
  EXPECT_NEAR(FitNonnegative(rows)[0], 5, 0.01);
  EXPECT_NEAR(FitNonnegative(rows)[1], 0, 0.01);
}

TEST(FitNonnegativeTest, UsesFewFeaturesForFewRows) {
  EXPECT_THAT(FitNonnegative({}), IsEmpty());
  const std::vector<double> one = FitNonnegative({{{2, 3}, 6, 1}});
  EXPECT_NEAR(2 * one[0] + 3 * one[1], 6, 1e-6);
  EXPECT_TRUE(one[0] == 0 || one[1] == 0);
  EXPECT_THAT(FitNonnegative({{{0, 0}, 6, 1}}), ElementsAre(0, 0));
  EXPECT_THAT(FitNonnegative({{{1, 1}, 0, 1}}), ElementsAre(0, 0));
}

}  // namespace
}  // namespace boardloop
