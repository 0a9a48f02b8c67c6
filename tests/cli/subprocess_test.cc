#include "cli/subprocess.h"

#include "cli/output.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class SubprocessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { PrepareStandardStreams(); }  // RunProcess needs SIGPIPE ignored.
};

TEST_F(SubprocessTest, PassesInputAndOutputLargerThanAPipe) {
  const std::string input(3 << 20, 'x');
  absl::StatusOr<ProcessOutput> run = RunProcess({"cat"}, input, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 0);
  EXPECT_TRUE(run->out == input);
}

TEST_F(SubprocessTest, ArgumentsAreNotReadByAShell) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"echo", "$(id) `id` ; * 'x'"}, "", {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->out, "$(id) `id` ; * 'x'\n");
}

TEST_F(SubprocessTest, ExitCodeAndErrorsAreResults) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"sh", "-c", "echo bad >&2; exit 3"}, "", {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->err, "bad\n");
}

TEST_F(SubprocessTest, ProgramThatReadsNothingIsFine) {
  absl::StatusOr<ProcessOutput> run = RunProcess({"true"}, std::string(1 << 20, 'x'), {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->exit_code, 0);
}

TEST_F(SubprocessTest, UnknownProgramIsNotFound) {
  EXPECT_THAT(RunProcess({"no-such-program-here"}, "", {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program-here")));
}

TEST_F(SubprocessTest, HungProgramIsKilledAtTheDeadline) {
  ProcessLimits limits;
  limits.deadline = absl::Milliseconds(50);
  EXPECT_THAT(RunProcess({"sleep", "600"}, "", limits),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sleep")));
}

TEST_F(SubprocessTest, ProgramThatClosesItsOutputAndHangsIsKilledToo) {
  ProcessLimits limits;
  limits.deadline = absl::Milliseconds(100);
  EXPECT_THAT(RunProcess({"sh", "-c", "exec >&- 2>&-; exec sleep 600"}, "", limits),
              StatusIs(absl::StatusCode::kDeadlineExceeded, testing::_));
}

TEST_F(SubprocessTest, EndlessOutputIsStopped) {
  ProcessLimits limits;
  limits.output_bytes = 1 << 20;
  EXPECT_THAT(RunProcess({"yes"}, "", limits),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1048576")));
}

TEST_F(SubprocessTest, DeathBySignalIsAnError) {
  EXPECT_THAT(RunProcess({"sh", "-c", "kill -9 $$"}, "", {}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("signal 9")));
}

}  // namespace
}  // namespace boardloop
