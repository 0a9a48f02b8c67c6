#include "core/base/mutex.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace boardloop {
namespace {

TEST(MutexTest, OneHolderAtATime) {
  Mutex mu;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        MutexLock lock(mu);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(MutexTest, WhoeverWaitsSeesEachChange) {
  Mutex mu;
  int turn = 0;
  const auto take_turns = [&](int parity) {
    for (int i = 0; i < 100; ++i) {
      MutexLock lock(mu);
      mu.Await([&] { return turn % 2 == parity; });
      ++turn;
    }
  };
  std::thread other([&] { take_turns(1); });
  take_turns(0);
  other.join();
  EXPECT_EQ(turn, 200);
}

// Both wait in Await: what one changed before its wait must wake the other.
TEST(MutexTest, AWaitTellsOfWhatWasChangedBeforeIt) {
  Mutex mu;
  bool asked = false;
  bool answered = false;
  std::thread answerer([&] {
    MutexLock lock(mu);
    mu.Await([&] { return asked; });
    answered = true;
  });
  {
    MutexLock lock(mu);
    asked = true;
    mu.Await([&] { return answered; });
  }
  answerer.join();
  EXPECT_TRUE(answered);
}

TEST(MutexTest, ALimitedWaitSaysWhetherItWasMet) {
  Mutex mu;
  MutexLock lock(mu);
  EXPECT_FALSE(mu.AwaitFor([] { return false; }, absl::Milliseconds(1)));
  EXPECT_TRUE(mu.AwaitFor([] { return true; }, absl::ZeroDuration()));
  EXPECT_TRUE(mu.AwaitFor([] { return true; }, absl::InfiniteDuration()));
  EXPECT_FALSE(mu.AwaitUntil([] { return false; }, absl::InfinitePast()));
}

}  // namespace
}  // namespace boardloop
