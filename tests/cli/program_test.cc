// The command line as a whole: help, exit codes, errors, streams. Also the small commands.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/run_program.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(ProgramTest, VersionIsPrinted) {
  const ProgramRun run = RunBoardloop({"--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("boardloop 0."));
}

TEST(ProgramTest, HelpListsCommandsAndExitCodes) {
  const ProgramRun run = RunBoardloop({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  for (const char* text : {"analyze", "spaces", "subnet", "board-types", "eval", "export",
                           "overview", "submit", "watch", "boards", "Exit codes"}) {
    EXPECT_THAT(run.out, HasSubstr(text));
  }
}

TEST(ProgramTest, EachCommandHasHelp) {
  for (const char* command :
       {"analyze", "spaces", "subnet", "board-types", "eval", "export", "overview"}) {
    const ProgramRun run = RunBoardloop({command, "--help"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, HasSubstr("Usage: boardloop " + std::string(command)));
    EXPECT_THAT(run.err, IsEmpty());
  }
}

TEST(ProgramTest, WrongUsageIsRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({}), "INVALID_ARGUMENT", "a command is required"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"frobnicate"}), "INVALID_ARGUMENT", "frobnicate"));
  // Before the command too: an option that nothing takes must not be ignored.
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"--nonsense", "board-types"}), "INVALID_ARGUMENT", "--nonsense"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"board-types", "--nonsense"}), "INVALID_ARGUMENT", "--nonsense"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze"}), "INVALID_ARGUMENT", "NET"));
}

TEST(ProgramTest, MessageIsOneLineWithoutControls) {
  const ProgramRun run = RunBoardloop({"analyze", "a\nb\x1b[31m"});
  EXPECT_TRUE(IsRefused(run, "NOT_FOUND", "a?b?[31m"));
}

TEST(ProgramTest, FullDiskIsAnError) {
  const ProgramRun run = RunBoardloopIn("exec \"$0\" \"$@\" >/dev/full", {"board-types"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, StartsWith("boardloop: RESOURCE_EXHAUSTED: "));
}

TEST(ProgramTest, ClosedOutputIsAnError) {
  const ProgramRun run = RunBoardloopIn("exec \"$0\" \"$@\" >&-", {"board-types"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, StartsWith("boardloop: UNAVAILABLE: "));
}

TEST(ProgramTest, BrokenPipeIsAnError) {
  // The reader has ended before the program writes.
  const ProgramRun run =
      RunBoardloopIn("{ sleep 0.2; \"$0\" \"$@\"; echo $? >&2; } | true", {"--help"});
  EXPECT_THAT(run.err, StartsWith("boardloop: UNAVAILABLE: "));
  EXPECT_THAT(run.err, HasSubstr("\n1\n"));
}

TEST(BoardTypesCommandTest, ListsTheBoardTypes) {
  const ProgramRun run = RunBoardloop({"board-types", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<std::string> names;
  for (const auto& board : run.Json()) {
    names.push_back(board["name"]);
    EXPECT_GT(board["clock_hz"], 0);
    EXPECT_GT(board["network_sram_bytes"], 0);
    EXPECT_LT(board["network_sram_bytes"], board["ram_bytes"]);
    EXPECT_LT(board["network_flash_bytes"], board["flash_bytes"]);
  }
  EXPECT_THAT(names, testing::IsSupersetOf(
                         {"stm32f405", "stm32f412", "stm32f746", "stm32f765", "stm32h743"}));
  EXPECT_THAT(RunBoardloop({"board-types"}).out, HasSubstr("stm32f746"));
}

TEST(SubnetCommandTest, SameSeedGivesTheSameSubnet) {
  const std::vector<std::string> args = {"subnet", "--width", "0.5", "--resolution", "80"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = args;
    all.insert(all.end(), more.begin(), more.end());
    const ProgramRun run = RunBoardloop(all);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out;
  };
  EXPECT_EQ(with({"--seed", "3"}), with({"--seed", "3"}));
  EXPECT_NE(with({"--seed", "3"}), with({"--seed", "4"}));
  EXPECT_THAT(with({"--text", "--largest"}),
              StartsWith("mbv2-imagenet w0.5 r80 c1000 i3 | 7e6 7e6 7e6 7e6 |"));
  EXPECT_THAT(with({"--text", "--smallest", "--classes", "2"}),
              StartsWith("mbv2-imagenet w0.5 r80 c2 i3 | 3e3 3e3 |"));
}

TEST(SubnetCommandTest, ItsOutputIsInputOfAnalyze) {
  const ProgramRun subnet =
      RunBoardloop({"subnet", "--width", "0.3", "--resolution", "64", "--seed", "9"});
  const ProgramRun text =
      RunBoardloop({"subnet", "--width", "0.3", "--resolution", "64", "--seed", "9", "--text"});
  TemporaryFolder folder;
  const std::string file = folder.Write("net.json", subnet.out);
  const ProgramRun run =
      RunBoardloop({"analyze", file, text.out.substr(0, text.out.find('\n')), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()[0]["macs"], run.Json()[1]["macs"]);
}

TEST(SubnetCommandTest, BadFlagsAreRefused) {
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"subnet", "--width", "0.5"}), "INVALID_ARGUMENT", "--resolution"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"subnet", "--width", "nan", "--resolution", "80"}),
                        "INVALID_ARGUMENT", "--width"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"subnet", "--width", "0.5", "--resolution", "7"}),
                        "INVALID_ARGUMENT", "--resolution"));
  EXPECT_TRUE(IsRefused(
      RunBoardloop({"subnet", "--width", "0.5", "--resolution", "80", "--largest", "--smallest"}),
      "INVALID_ARGUMENT", "--largest"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"subnet", "--width", "0.5", "--resolution", "80", "--space", "mbv9"}),
                "NOT_FOUND", "mbv2-imagenet"));
}

}  // namespace
}  // namespace boardloop
