#include "cli/local/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "absl/time/clock.h"
#include "core/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

class DaemonTest : public ::testing::Test {
 protected:
  Daemon Start(const std::string& script) {
    const absl::StatusOr<Daemon> daemon = StartDaemon({"/bin/sh", "-c", script}, log_);
    EXPECT_THAT(daemon, IsOk());
    return daemon.ok() ? *daemon : Daemon();
  }
  std::string AwaitLog(const std::string& text) {
    for (int i = 0; i < 600; ++i) {
      const absl::StatusOr<std::string> log = ReadFile(log_, 1 << 20);
      if (log.ok() && log->find(text) != std::string::npos) return *log;
      absl::SleepFor(absl::Milliseconds(50));
    }
    ADD_FAILURE() << "never said " << text;
    return "";
  }

  TestFolder folder_;
  const std::string log_ = folder_.Path("log");
};

TEST_F(DaemonTest, ItRunsInASessionOfItsOwnUntilItIsStopped) {
  const Daemon daemon = Start("sleep 1000");
  EXPECT_TRUE(IsRunning(daemon));
  EXPECT_EQ(getsid(daemon.pid), daemon.pid);
  EXPECT_THAT(StopDaemon(daemon, kPatience), IsOk());
  EXPECT_FALSE(IsRunning(daemon));
  EXPECT_THAT(StopDaemon(daemon, kPatience), IsOk()) << "again";
}

TEST_F(DaemonTest, WhatItSaysIsAppendedToItsLog) {
  Start("echo one; echo two >&2");
  AwaitLog("two");
  Start("echo three");
  EXPECT_EQ(AwaitLog("three"), "one\ntwo\nthree\n");
}

TEST_F(DaemonTest, OneThatDoesNotListenIsKilledWhenPatienceEnds) {
  const Daemon daemon = Start("trap '' TERM; echo deaf; while :; do sleep 1000; done");
  AwaitLog("deaf");
  EXPECT_THAT(StopDaemon(daemon, absl::Milliseconds(200)), IsOk());
  EXPECT_FALSE(IsRunning(daemon));
}

TEST_F(DaemonTest, OneThatEndedByItselfIsNotRunning) {
  const Daemon daemon = Start("exit 3");
  for (int i = 0; i < 600 && IsRunning(daemon); ++i) absl::SleepFor(absl::Milliseconds(50));
  EXPECT_FALSE(IsRunning(daemon));
}

TEST_F(DaemonTest, AnotherProcessWithItsNumberIsNotTakenForIt) {
  const Daemon daemon = Start("sleep 1000");
  Daemon stale = daemon;
  stale.start_ticks -= 1;
  EXPECT_FALSE(IsRunning(stale));
  EXPECT_THAT(StopDaemon(stale, kPatience), IsOk());
  EXPECT_TRUE(IsRunning(daemon)) << "who has the number now is left alone";
  EXPECT_THAT(StopDaemon(daemon, kPatience), IsOk());
}

TEST_F(DaemonTest, AProgramThatIsNotThereIsNotFound) {
  EXPECT_THAT(StartDaemon({folder_.Path("none")}, log_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_.Path("none"))));
}

}  // namespace
}  // namespace boardloop
