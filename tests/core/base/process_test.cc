#include "core/base/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class RunProcessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { signal(SIGPIPE, SIG_IGN); }  // RunProcess needs SIGPIPE ignored.
};

TEST_F(RunProcessTest, PassesInputAndOutputLargerThanAPipe) {
  const std::string input(3 << 20, 'x');
  absl::StatusOr<ProcessOutput> run = RunProcess({"cat"}, input, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 0);
  EXPECT_TRUE(run->out == input);
}

TEST_F(RunProcessTest, ArgumentsAreNotReadByAShell) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"echo", "$(id) `id` ; * 'x'"}, "", {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->out, "$(id) `id` ; * 'x'\n");
}

TEST_F(RunProcessTest, ExitCodeAndErrorsAreResults) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"sh", "-c", "echo bad >&2; exit 3"}, "", {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->err, "bad\n");
}

TEST_F(RunProcessTest, ProgramThatReadsNothingIsFine) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"true"}, std::string(1 << 20, 'x'), {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 0);
}

TEST_F(RunProcessTest, UnknownProgramIsNotFound) {
  EXPECT_THAT(RunProcess({"no-such-program-here"}, "", {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program-here")));
}

TEST_F(RunProcessTest, HungProgramIsKilledAtTheDeadline) {
  ProcessLimits limits;
  limits.deadline = absl::Milliseconds(50);
  EXPECT_THAT(RunProcess({"sleep", "600"}, "", limits),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sleep")));
}

TEST_F(RunProcessTest, ProgramThatClosesItsOutputAndHangsIsKilledToo) {
  ProcessLimits limits;
  limits.deadline = absl::Milliseconds(100);
  EXPECT_THAT(RunProcess({"sh", "-c", "exec >&- 2>&-; exec sleep 600"}, "", limits),
              StatusIs(absl::StatusCode::kDeadlineExceeded, testing::_));
}

TEST_F(RunProcessTest, EndlessOutputIsStopped) {
  ProcessLimits limits;
  limits.output_bytes = 1 << 20;
  EXPECT_THAT(RunProcess({"yes"}, "", limits),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1048576")));
}

TEST_F(RunProcessTest, DeathBySignalIsAnError) {
  EXPECT_THAT(RunProcess({"sh", "-c", "kill -9 $$"}, "", {}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("signal 9")));
}

bool Exists(pid_t pid) { return kill(pid, 0) == 0; }

TEST(ChildProcessTest, LinesAreReadAsTheyCome) {
  ChildProcess::Options options;
  options.pipe_output = true;
  absl::StatusOr<ChildProcess> child =
      ChildProcess::Start({"sh", "-c", "echo one; echo two; sleep 600"}, options);
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(child->ReadLine(absl::Seconds(10)), IsOkAndHolds("one"));
  EXPECT_THAT(child->ReadLine(absl::Seconds(10)), IsOkAndHolds("two"));
  EXPECT_THAT(child->ReadLine(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("20ms")));
  EXPECT_TRUE(child->Running());
}

TEST(ChildProcessTest, EndOfOutputIsToldFromALateLine) {
  ChildProcess::Options options;
  options.pipe_output = true;
  absl::StatusOr<ChildProcess> child = ChildProcess::Start({"true"}, options);
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(child->ReadLine(absl::Seconds(10)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("closed")));
}

TEST(ChildProcessTest, StopEndsTheWholeGroup) {
  ChildProcess::Options options;
  options.pipe_output = true;
  absl::StatusOr<ChildProcess> child =
      ChildProcess::Start({"sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait"}, options);
  ASSERT_THAT(child, IsOk());
  absl::StatusOr<std::string> line = child->ReadLine(absl::Seconds(10));
  ASSERT_THAT(line, IsOk());
  const auto grandchild = static_cast<pid_t>(std::stol(*line));
  ASSERT_TRUE(Exists(grandchild));
  child->Stop(absl::Milliseconds(50));
  EXPECT_FALSE(child->Running());
  EXPECT_EQ(child->exit_code(), 128 + SIGKILL);
  // It belongs to init now, which reaps it when it gets to it.
  for (int i = 0; i < 1000 && Exists(grandchild); ++i) usleep(10'000);
  EXPECT_FALSE(Exists(grandchild));
}

TEST(ChildProcessTest, ExitCodeIsKept) {
  absl::StatusOr<ChildProcess> child = ChildProcess::Start({"sh", "-c", "exit 7"}, {});
  ASSERT_THAT(child, IsOk());
  while (child->Running()) usleep(1000);
  EXPECT_EQ(child->exit_code(), 7);
}

TEST(ChildProcessTest, AMissingProgramIsNamed) {
  EXPECT_THAT(ChildProcess::Start({"no-such-program"}, {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program")));
}

// A parent that starts a child and is killed: the child must go with it.
TEST(ChildProcessTest, ChildDiesWithItsParent) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    absl::StatusOr<ChildProcess> child = ChildProcess::Start({"sleep", "600"}, {});
    const pid_t pid = child.ok() ? child->pid() : -1;
    if (write(fds[1], &pid, sizeof(pid)) < 0) _exit(1);
    pause();
    _exit(0);
  }
  pid_t child = -1;
  ASSERT_EQ(read(fds[0], &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  ASSERT_GT(child, 0);
  ASSERT_TRUE(Exists(child));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  for (int i = 0; i < 1000 && Exists(child); ++i) usleep(10'000);
  EXPECT_FALSE(Exists(child));
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace boardloop
