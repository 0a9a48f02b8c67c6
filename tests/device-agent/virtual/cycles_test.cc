// Cycle counts of whole programs on the board, read through the probe.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/device-agent/virtual/integration_fixture.h"

namespace boardloop::vboard {
namespace {

constexpr char kEntries[] = "0xf000000c", kFirstEntry[] = "0xf0000040";

class CyclesTest : public BoardTest {
 protected:
  bool m4() const { return GetParam().name == "f405"; }
};

TEST_P(CyclesTest, WindowDescribesTheModel) {
  Start({"--refill", "3", "--udiv", "12"});
  const OpenOcdResult result = Debug({"init", EchoWords("header", "0xf0000000", 16)});
  EXPECT_EQ(result.Value("header"),
            absl::StrCat(0x4d434c42, " 1 65536 0 0 ", m4() ? 4 : 7, " 1 3 12 0 0 0 0 0 0 0"));
}

TEST_P(CyclesTest, KernelTakesTheKnownNumberOfInstructionsAndCycles) {
  if (std::string_view(VBOARD_ARM_GCC_VERSION).substr(0, 5) != "12.2.") {
    GTEST_SKIP() << "the counts are of code by gcc 12.2, this is " << VBOARD_ARM_GCC_VERSION;
  }
  Start();
  Load("kernel");
  const OpenOcdResult result =
      Debug({"init", WaitForWord(kEntries, "$value >= 4"), EchoWords("marks", kFirstEntry, 12)});
  const std::string begin = "0 0 1";
  const std::string lap = m4() ? "2212520 1393235 2" : "835929 1393235 2";
  EXPECT_EQ(result.Value("marks"), absl::StrJoin({begin, lap, begin, lap}, " ")) << result.output;
}

TEST_P(CyclesTest, CountDoesNotDependOnThePollingDebugger) {
  Start();
  Load("kernel");
  const OpenOcdResult result =
      Debug({"init",
             "while {[read_memory 0xf000000c 32 1] < 20} {read_memory 0x20000000 32 64; halt; reg "
             "primask; resume}",
             "set seen {}; foreach {cycles instructions kind} [read_memory 0xf0000040 32 60] "
             "{if {$kind == 2} {dict set seen \"$cycles $instructions\" 1}}; echo distinct=[dict "
             "size $seen]"});
  EXPECT_EQ(result.Value("distinct"), "1") << result.output;
}

TEST_P(CyclesTest, LapsAreExactInBlocksAndAcrossTheirBorders) {
  Start();
  Load("laps");
  const OpenOcdResult result =
      Debug({"init", WaitForWord("0x20000000", "$value == 1"), EchoWords("count", kEntries, 1),
             EchoWords("marks", kFirstEntry, 30)});
  EXPECT_EQ(result.Value("count"), "10") << result.output;
  if (!m4()) return;
  EXPECT_EQ(result.Value("marks"),
            "0 0 1 "  // begin
            "2 2 2 "  // movs, subs
            "4 2 2 "  // bne taken: 1 + P; subs
            "4 2 2 "
            "3 2 2 "  // bne not taken, ldr: 1 + 2
            "1 1 2 "  // ldr, pipelined
            "0 0 2 "  // nothing
            "2 3 2 "  // cmp, it (folded), bne not taken
            "8 5 2 "  // b: 1 + P; four loads: 2 + 1 + 1 + 1
            "8 5 2")  // the same
      << result.output;
}

TEST_P(CyclesTest, WriteToTheCountClearsTheRecord) {
  Start();
  Load("laps");
  const OpenOcdResult result =
      Debug({"init", WaitForWord("0x20000000", "$value == 1"), "write_memory 0xf000000c 32 0",
             EchoWords("count", kEntries, 1), EchoWords("marks", kFirstEntry, 3), "reset run",
             WaitForWord(kEntries, "$value == 10"), "echo again=1"});
  EXPECT_EQ(result.Value("count"), "0") << result.output;
  EXPECT_EQ(result.Value("marks"), "0 0 0");
  EXPECT_EQ(result.Value("again"), "1");
}

TEST_P(CyclesTest, WindowIsReadOnlyOtherwise) {
  Start();
  const OpenOcdResult result =
      Debug({"init", "echo failed=[catch {write_memory 0xf0000000 32 0}]"});
  EXPECT_EQ(result.Value("failed"), "1") << result.output;
}

INSTANTIATE_TEST_SUITE_P(Boards, CyclesTest, testing::ValuesIn(TestBoards()), BoardName);

}  // namespace
}  // namespace boardloop::vboard
