#include "core/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace boardloop {
namespace {

class ParallelForTest : public ::testing::TestWithParam<int> {};

TEST_P(ParallelForTest, EachItemRunsOnce) {
  std::vector<int> runs(1000);
  ParallelFor(1000, GetParam(), [&](int64_t i) { ++runs[i]; });
  EXPECT_EQ(runs, std::vector<int>(1000, 1));
}

TEST_P(ParallelForTest, NoItemsIsNoWork) {
  ParallelFor(0, GetParam(), [](int64_t) { FAIL() << "there is no item"; });
}

// More threads than items, and numbers of threads that make no sense, still do the work.
INSTANTIATE_TEST_SUITE_P(Threads, ParallelForTest, ::testing::Values(-1, 0, 1, 2, 7, 64));

TEST(ParallelForTest, ItemsRunOnAsManyThreadsAsAsked) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  absl::Time give_up = absl::Now() + absl::Seconds(20);
  ParallelFor(3, 3, [&](int64_t) {
    // Stays until all three items run at once.
    int now = ++running;
    if (now == 3) most = now;
    while (most != 3 && absl::Now() < give_up) std::this_thread::yield();
    --running;
  });
  EXPECT_EQ(most, 3);
}

TEST(ParallelForTest, OneThreadRunsInOrderOnTheCaller) {
  std::vector<int64_t> order;
  ParallelFor(4, 1, [&](int64_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(ParallelForTest, WritesOfTheBodiesAreVisibleAfterTheLoop) {
  std::vector<int64_t> squares(500);
  ParallelFor(500, 4, [&](int64_t i) { squares[i] = i * i; });
  for (int64_t i = 0; i < 500; ++i) ASSERT_EQ(squares[i], i * i);
}

TEST(DefaultThreadsTest, IsAtLeastOne) { EXPECT_GE(DefaultThreads(), 1); }

}  // namespace
}  // namespace boardloop
