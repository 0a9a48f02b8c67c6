#include "core/metrics/busy_time.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace boardloop {
namespace {

TEST(BusyTimeTest, TimesAddUpAndTheOneThatRunsCounts) {
  FakeClock clock;
  BusyTime busy(clock);
  clock.Advance(absl::Seconds(5));
  EXPECT_FALSE(busy.busy());
  EXPECT_EQ(busy.Seconds(), 0);
  busy.Begin();
  clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(busy.busy());
  EXPECT_EQ(busy.Seconds(), 2);
  busy.End();
  clock.Advance(absl::Seconds(10));
  busy.Begin();
  clock.Advance(absl::Seconds(1));
  busy.End();
  EXPECT_FALSE(busy.busy());
  EXPECT_EQ(busy.Seconds(), 3);
}

TEST(BusyTimeTest, AnEndWithoutABeginIsNothing) {
  FakeClock clock;
  BusyTime busy(clock);
  clock.Advance(absl::Seconds(5));
  busy.End();
  EXPECT_EQ(busy.Seconds(), 0);
}

}  // namespace
}  // namespace boardloop
