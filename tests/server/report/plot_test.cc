#include "server/report/plot.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop::report {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(RoundTicksTest, AreRoundAndWithin) {
  EXPECT_THAT(RoundTicks(0, 100, 5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(RoundTicks(3, 11, 4), ElementsAre(4, 6, 8, 10));
  EXPECT_THAT(RoundTicks(0, 0.3, 3), ElementsAre(0, DoubleNear(0.1, 1e-12), DoubleNear(0.2, 1e-12),
                                                 DoubleNear(0.3, 1e-12)));
}

TEST(RoundTicksTest, AnEmptyRangeHasNone) {
  EXPECT_THAT(RoundTicks(1, 1, 5), IsEmpty());
  EXPECT_THAT(RoundTicks(2, 1, 5), IsEmpty());
  EXPECT_THAT(RoundTicks(0, kInfinity, 5), IsEmpty());
}

TEST(RoundTicksTest, AreBoundedHoweverTheRangeLooks) {
  for (const double low : {-1e300, -1.0, 0.0, 1e-300, 1e15, 1e300}) {
    for (const double size : {1e-300, 1e-12, 1.0, 1e12, 1e300}) {
      EXPECT_LE(RoundTicks(low, low + size, 6).size(), 50) << low << " " << size;
    }
  }
}

TEST(NumberAxisTest, LabelsCanBeToldApart) {
  EXPECT_THAT(NumberAxis("x", 0, 2000, 2).labels, ElementsAre("0", "1,000", "2,000"));
  EXPECT_THAT(NumberAxis("x", 0, 0.04, 4).labels,
              ElementsAre("0.00", "0.01", "0.02", "0.03", "0.04"));
}

TEST(NumberAxisTest, MakesARangeWhereThereIsNone) {
  const PlotAxis point = NumberAxis("x", 5, 5, 4);
  EXPECT_GT(point.high, point.low);
  const PlotAxis infinite = NumberAxis("x", -kInfinity, kInfinity, 4);
  EXPECT_EQ(infinite.low, 0);
  EXPECT_EQ(infinite.high, 1);
}

TEST(PlotTest, PutsTheEndsOfTheAxesAtTheEndsOfTheDrawing) {
  const Plot plot(kWide, 300, {}, {"p", "", ""}, NumberAxis("x", 10, 20, 5),
                  NumberAxis("y", -1, 1, 4));
  EXPECT_EQ(plot.X(10), plot.left());
  EXPECT_EQ(plot.X(20), plot.right());
  EXPECT_EQ(plot.Y(-1), plot.bottom());
  EXPECT_EQ(plot.Y(1), plot.top());
}

}  // namespace
}  // namespace boardloop::report
