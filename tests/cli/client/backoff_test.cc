#include "cli/client/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace boardloop {
namespace {

constexpr absl::Duration kFirst = absl::Milliseconds(200), kLast = absl::Seconds(5);

TEST(BackoffTest, WaitsDoubleUpToTheLastAndKeepHalfOfItAtLeast) {
  Random random(1);
  Backoff backoff(kFirst, kLast, random);
  absl::Duration most = kFirst;
  for (int i = 0; i < 100; ++i) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, most / 2);
    EXPECT_LE(wait, most);
    most = std::min(2 * most, kLast);
  }
  EXPECT_EQ(most, kLast);
}

TEST(BackoffTest, AfterASuccessItBeginsAnew) {
  Random random(1);
  Backoff backoff(kFirst, kLast, random);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), kFirst);
}

TEST(BackoffTest, MembersDoNotComeBackAllAtOnce) {
  std::set<absl::Duration> waits;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    waits.insert(Backoff(kFirst, kLast, random).Next());
  }
  EXPECT_EQ(waits.size(), 50u);
}

}  // namespace
}  // namespace boardloop
