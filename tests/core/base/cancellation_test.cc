#include "core/base/cancellation.h"

#include <gtest/gtest.h>

#include <thread>

namespace boardloop {
namespace {

TEST(CancellationTest, IsCancelledOnceAndStaysSo) {
  Cancellation cancellation;
  EXPECT_FALSE(cancellation.cancelled());
  cancellation.Cancel();
  cancellation.Cancel();
  EXPECT_TRUE(cancellation.cancelled());
}

TEST(CancellationTest, EveryHookIsCalledOnce) {
  Cancellation cancellation;
  int first = 0, second = 0;
  const Cancellation::Hook a(cancellation, [&] { ++first; });
  const Cancellation::Hook b(cancellation, [&] { ++second; });
  cancellation.Cancel();
  cancellation.Cancel();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(CancellationTest, AHookThatIsGoneIsNotCalled) {
  Cancellation cancellation;
  int called = 0;
  {
    const Cancellation::Hook hook(cancellation, [&] { ++called; });
  }
  cancellation.Cancel();
  EXPECT_EQ(called, 0);
}

TEST(CancellationTest, AHookOfWhatWasCancelledIsCalledAtOnce) {
  Cancellation cancellation;
  cancellation.Cancel();
  int called = 0;
  const Cancellation::Hook hook(cancellation, [&] { ++called; });
  EXPECT_EQ(called, 1);
}

TEST(CancellationTest, ASleeperWakesUp) {
  Cancellation cancellation;
  std::thread other([&] { cancellation.Cancel(); });
  cancellation.Sleep(absl::InfiniteDuration());
  EXPECT_TRUE(cancellation.cancelled());
  other.join();
}

}  // namespace
}  // namespace boardloop
