// Run control and memory, as OpenOCD sees them.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/device-agent/virtual/integration_fixture.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;

class RunControlTest : public BoardTest {};

TEST_P(RunControlTest, BlankFlashConnectsAsALockedUpCore) {
  Start();
  const OpenOcdResult result = Debug(
      {"init", "reset halt", "echo \"state=[" + GetParam().openocd_target + ".cpu curstate]\""});
  EXPECT_THAT(result.output, HasSubstr("clearing lockup after double fault"));
  EXPECT_EQ(result.Value("state"), "halted");
}

TEST_P(RunControlTest, HaltStepAndResume) {
  Start();
  Load("kernel");
  const OpenOcdResult result = Debug(
      {"init", "halt", "set before [dict get [get_reg pc] pc]", "step",
       "echo moved=[expr {[dict get [get_reg pc] pc] != $before}]",
       EchoWords("runs", "0x20000004", 1), "resume", "set stood [read_memory 0x20000004 32 1]",
       WaitForWord("0x20000004", "$value > $stood + 1"), "echo went_on=1"});
  EXPECT_EQ(result.Value("moved"), "1");
  EXPECT_EQ(result.Value("went_on"), "1") << result.output;
}

TEST_P(RunControlTest, HardwareBreakpointHaltsAtItsAddress) {
  Start();
  Load("kernel");
  const OpenOcdResult result =
      Debug({"init", "reset halt", "step", "step", "set there [dict get [get_reg pc] pc]",
             "reset halt", "bp $there 2 hw", "resume", "wait_halt 5000",
             "echo reason=[expr {[dict get [get_reg pc] pc] == $there}]", "rbp $there"});
  EXPECT_EQ(result.Value("reason"), "1") << result.output;
}

TEST_P(RunControlTest, WatchpointHaltsAtAWriteToTheMailbox) {
  Start();
  Load("kernel");
  const OpenOcdResult result =
      Debug({"init", "reset halt", "wp 0x20000004 4 w", "resume", "wait_halt 5000", "resume",
             "wait_halt 5000", EchoWords("runs", "0x20000004", 1), "rwp 0x20000004"});
  EXPECT_THAT(result.output, HasSubstr("halted due to watchpoint"));
  EXPECT_NE(result.Value("runs"), "");
}

TEST_P(RunControlTest, RegistersAreReadAndWritten) {
  Start();
  Load("kernel");
  const OpenOcdResult result =
      Debug({"init", "reset halt", "set_reg {r3 0x12345678}", "set_reg {primask 1}",
             "set_reg {psp 0x20000100}", "set_reg {d2 0x3f80000000000000}", "step",
             "foreach r {r3 primask psp d2 control} {echo $r=[dict get [get_reg -force $r] $r]}"});
  EXPECT_EQ(result.Value("primask"), "0x01") << result.output;
  EXPECT_EQ(result.Value("psp"), "0x20000100");
  EXPECT_EQ(result.Value("d2"), "0x3f80000000000000");
  EXPECT_EQ(result.Value("control"), "0x00");
}

TEST_P(RunControlTest, MemoryIsReadAndWrittenWhileTheCoreRuns) {
  Start();
  Load("kernel");
  const std::string spare = "0x20010000";
  const OpenOcdResult result =
      Debug({"init", WaitForWord("0x20000004", "$value > 1"),
             "write_memory " + spare + " 32 {0xcafe1234 0x5}",
             "write_memory 0x20010006 16 {0xbeef}", EchoWords("words", spare, 2),
             "echo state=[" + GetParam().openocd_target + ".cpu curstate]"});
  EXPECT_EQ(result.Value("words"), absl::StrCat(0xcafe1234, " ", 0xbeef0005)) << result.output;
  EXPECT_EQ(result.Value("state"), "running");
}

TEST_P(RunControlTest, DebuggerFaultsOutsideTheChipsMap) {
  Start();
  Load("kernel");
  for (const char* address : {"0x20100000", "0x60000000", "0x10000000", "0x08100000"}) {
    const OpenOcdResult result =
        Debug({"init", absl::StrCat("echo failed=[catch {read_memory ", address, " 32 1}]")});
    EXPECT_EQ(result.Value("failed"), "1") << address << "\n" << result.output;
  }
}

TEST_P(RunControlTest, LockupIsReportedAndLeftByAReset) {
  Start();
  OpenOcdResult result = Debug({"init", "program " + Path("lockup") + " verify", "poll off",
                                "reset run", WaitForWord("0xe000edf0", "$value & 0x80000"),
                                "poll on", "reset halt", "echo done=1"});
  EXPECT_THAT(result.output, HasSubstr("clearing lockup after double fault"));
  EXPECT_EQ(result.Value("done"), "1");
  Load("kernel");
  result = Debug({"init", WaitForWord("0x20000004", "$value > 1"), "echo runs=1"});
  EXPECT_EQ(result.Value("runs"), "1") << result.output;
}

TEST_P(RunControlTest, FirmwareCanResetItself) {
  Start();
  Load("laps");  // Leaves 1 in the first word.
  const OpenOcdResult result =
      Debug({"init", "reset halt", "program " + Path("reset") + " verify", "reset halt",
             "write_memory 0x20000000 32 0", "resume", WaitForWord("0x20000000", "$value == 3"),
             WaitForWord("0xf000000c", "$value == 1"), "echo starts=3"});
  EXPECT_EQ(result.Value("starts"), "3") << result.output;
}

TEST_P(RunControlTest, ChipHasTheUniqueIdOfTheBoard) {
  Start({"--uid", "0102030405060708090a0b0c"});
  const char* address = GetParam().name == "f405" ? "0x1fff7a10" : "0x1ff0f420";
  const OpenOcdResult result = Debug({"init", EchoWords("uid", address, 3)});
  EXPECT_EQ(result.Value("uid"), absl::StrCat(0x04030201, " ", 0x08070605, " ", 0x0c0b0a09));
}

TEST_P(RunControlTest, TwoBoardsRunAtOnceWithDistinctIds) {
  Start();
  TestDir other_dir;
  VboardProcess other({"--type", GetParam().type, "--state", other_dir.path(), "--stlink", "0"});
  ASSERT_TRUE(other.ready()) << other.Errors();
  EXPECT_NE(board_->Text("uid"), other.Text("uid"));
  Load("kernel");
  const OpenOcdResult result = RunOpenOcd(
      OverStlink(other, GetParam()), {"init", "program " + Path("laps") + " verify", "reset run",
                                      WaitForWord("0x20000000", "$value == 1"), "echo done=1"});
  EXPECT_EQ(result.Value("done"), "1") << result.output;
  const OpenOcdResult first = Debug({"init", EchoWords("mailbox", "0x20000000", 1)});
  EXPECT_EQ(first.Value("mailbox"), absl::StrCat(0x4b45524e));
}

INSTANTIATE_TEST_SUITE_P(Boards, RunControlTest, testing::ValuesIn(TestBoards()), BoardName);

}  // namespace
}  // namespace boardloop::vboard
