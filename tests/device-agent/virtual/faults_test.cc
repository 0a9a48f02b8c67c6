// Ordered faults: each shows as what it stands for, and the board works again after it.
#include <gmock/gmock.h>
#include <signal.h>

#include "absl/strings/str_cat.h"
#include "tests/device-agent/virtual/integration_fixture.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class FaultsTest : public BoardTest {
 protected:
  void ExpectWorks() {
    const OpenOcdResult result = Debug({"init", "program " + Path("laps") + " verify", "reset run",
                                        WaitForWord("0x20000000", "$value == 1"), "echo works=1"});
    EXPECT_EQ(result.Value("works"), "1") << result.output;
  }
};

TEST_P(FaultsTest, DroppedLinkEndsOpenOcdOnce) {
  for (const char* bytes : {"0", "100", "5000"}) {
    Start({"--fault", absl::StrCat("drop-link@", bytes)});
    const OpenOcdResult result = Debug({"init", "program " + Path("kernel") + " verify"});
    EXPECT_FALSE(result.Contains("Verified OK")) << bytes << "\n" << result.output;
    ExpectWorks();
    board_.reset();
  }
}

TEST_P(FaultsTest, CorruptFlashFailsVerificationOnce) {
  Start({"--fault", "corrupt-flash@0x44"});
  const OpenOcdResult result = Debug({"init", "program " + Path("kernel") + " verify"});
  EXPECT_THAT(result.output, HasSubstr("** Verify Failed **"));
  ExpectWorks();
}

TEST_P(FaultsTest, HungCoreStaysRunningUntilAReset) {
  for (const char* mark : {"1", "4", "7"}) {
    Start();
    Load("kernel");
    EXPECT_EQ(Order(dir_.path(), absl::StrCat("hang-core@", mark)), "ok");
    const OpenOcdResult result =
        Debug({"init", "reset run", WaitForWord("0xf000000c", absl::StrCat("$value == ", mark)),
               EchoWords("runs", "0x20000004", 1), "echo halted=[expr {![catch {halt 500}]}]",
               EchoWords("later", "0x20000004", 1), EchoWords("marks", "0xf000000c", 1)});
    EXPECT_EQ(result.Value("marks"), mark) << result.output;
    EXPECT_EQ(result.Value("runs"), result.Value("later"));
    EXPECT_EQ(result.Value("halted"), "0");
    ExpectWorks();
    board_.reset();
  }
}

TEST_P(FaultsTest, DoubleFaultAtAMarkIsALockup) {
  for (const char* mark : {"1", "4", "7"}) {
    Start();
    Load("kernel");
    EXPECT_EQ(Order(dir_.path(), absl::StrCat("double-fault@", mark)), "ok");
    const OpenOcdResult result =
        Debug({"init", "reset run", WaitForWord("0xf000000c", absl::StrCat("$value == ", mark)),
               "reset halt", "echo reset=1"});
    EXPECT_THAT(result.output, HasSubstr("clearing lockup after double fault"));
    EXPECT_EQ(result.Value("reset"), "1");
    ExpectWorks();
    board_.reset();
  }
}

TEST_P(FaultsTest, SlowLinkStillWorks) {
  Start({"--fault", "slow-link:2000"});
  ExpectWorks();
  EXPECT_EQ(Order(dir_.path(), "slow-link:0"), "ok");
  ExpectWorks();
}

TEST_P(FaultsTest, VanishedBoardNeitherAnswersNorListens) {
  Start();
  EXPECT_EQ(Order(dir_.path(), "vanish@3000"), "ok");
  const OpenOcdResult result = Debug({"init", "program " + Path("kernel") + " verify"});
  EXPECT_FALSE(result.Contains("Verified OK")) << result.output;
  EXPECT_TRUE(WaitForEnd(board_->qemu_pid()));
  EXPECT_TRUE(ProcessExists(board_->pid()));
  EXPECT_THAT(Debug({"init"}).output, HasSubstr("Error"));
  EXPECT_EQ(Order(dir_.path(), "slow-link:0"), "");  // Nobody is there.
  board_->Signal(SIGTERM);
  EXPECT_EQ(board_->Wait(), 0);
  Start();
  ExpectWorks();
}

TEST_P(FaultsTest, UnknownOrderIsRefusedAndChangesNothing) {
  Start();
  EXPECT_THAT(Order(dir_.path(), "explode@3"), StartsWith("error: fault \"explode@3\" must be"));
  EXPECT_THAT(Order(dir_.path(), "hang-core@0"), StartsWith("error: "));
  ExpectWorks();
}

TEST_P(FaultsTest, KilledQemuIsReplaced) {
  Start();
  Load("kernel");
  kill(board_->qemu_pid(), SIGKILL);
  ExpectWorks();
}

INSTANTIATE_TEST_SUITE_P(Boards, FaultsTest, testing::ValuesIn(TestBoards()), BoardName);

}  // namespace
}  // namespace boardloop::vboard
