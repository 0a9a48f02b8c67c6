#include "device-agent/measure/bench.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Status ParseError(const std::string& yaml) { return ParseBench(yaml, "bench.yaml").status(); }

testing::Matcher<absl::Status> Refused(const std::string& line, const std::string& text) {
  return StatusIs(absl::StatusCode::kInvalidArgument,
                  AllOf(HasSubstr("bench.yaml:" + line + ":"), HasSubstr(text)));
}

TEST(BenchTest, ReadsRealAndVirtualBoards) {
  absl::StatusOr<std::vector<BenchBoard>> boards = ParseBench(R"(boards:
  - name: nucleo-1
    type: stm32f412
    probe: openocd
    serial: "066DFF48"
    interface: interface/stlink.cfg
    unique_id: 0123456789ABCDEF01234567
    power_cycle: uhubctl -l 1-1 -p 2 -a cycle
  - {name: v1, type: virtual-stm32f746, probe: pyocd}
)",
                                                              "bench.yaml");
  ASSERT_THAT(boards, IsOk());
  ASSERT_EQ(boards->size(), 2u);
  EXPECT_EQ((*boards)[0].serial, "066DFF48");
  EXPECT_EQ((*boards)[0].unique_id, "0123456789abcdef01234567");
  EXPECT_EQ((*boards)[0].power_cycle, "uhubctl -l 1-1 -p 2 -a cycle");
  EXPECT_EQ((*boards)[1].probe, ProbeKind::kPyOcd);
}

TEST(BenchTest, RefusesTwoBoardsWithOneSerial) {
  EXPECT_THAT(ParseError("boards:\n"
                         "  - {name: a, type: stm32f412, probe: openocd, serial: S1}\n"
                         "  - {name: b, type: stm32f412, probe: openocd, serial: S1}\n"),
              Refused("3", "serial \"S1\", as the board of line 2"));
}

TEST(BenchTest, RefusesTwoBoardsWithOneName) {
  EXPECT_THAT(ParseError("boards:\n"
                         "  - {name: a, type: virtual-stm32f405, probe: openocd}\n"
                         "  - {name: a, type: virtual-stm32f405, probe: openocd}\n"),
              Refused("3", "as the board of line 2"));
}

TEST(BenchTest, RefusesARealBoardWithoutSerial) {
  EXPECT_THAT(ParseError("boards:\n  - {name: a, type: stm32f412, probe: openocd}\n"),
              Refused("2", "serial"));
}

TEST(BenchTest, RefusesAVirtualBoardWithSerial) {
  EXPECT_THAT(
      ParseError("boards:\n  - {name: a, type: virtual-stm32f405, probe: openocd, serial: S}\n"),
      Refused("2", "virtual"));
}

TEST(BenchTest, RefusesUnknownTypesProbesAndFields) {
  EXPECT_THAT(ParseError("boards:\n  - {name: a, type: stm32f999, probe: openocd, serial: S}\n"),
              Refused("2", "stm32f999"));
  EXPECT_THAT(ParseError("boards:\n  - {name: a, type: stm32f412, probe: jlink, serial: S}\n"),
              Refused("2", "must be openocd or pyocd"));
  EXPECT_THAT(ParseError("boards:\n  - name: a\n    type: virtual-stm32f405\n    probe: openocd\n"
                         "    colour: red\n"),
              Refused("5", "not a known field"));
}

TEST(BenchTest, RefusesNamesThatAreNotFolders) {
  EXPECT_THAT(ParseError("boards:\n  - {name: ../x, type: virtual-stm32f405, probe: openocd}\n"),
              Refused("2", "../x"));
}

TEST(BenchTest, RefusesAShortUniqueId) {
  EXPECT_THAT(ParseError("boards:\n  - name: a\n    type: virtual-stm32f405\n    probe: openocd\n"
                         "    unique_id: abcd\n"),
              Refused("5", "24 hexadecimal digits"));
}

TEST(BenchTest, RefusesAnEmptyBench) {
  EXPECT_THAT(ParseError("boards: []\n"), Refused("1", "0 boards"));
}

TEST(BenchTest, FindsABoardOrNamesThoseThereAre) {
  std::vector<BenchBoard> boards(2);
  boards[0].name = "a";
  boards[1].name = "b";
  EXPECT_THAT(FindBenchBoard(boards, "b"), IsOk());
  EXPECT_THAT(FindBenchBoard(boards, "c"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("it has a, b")));
}

}  // namespace
}  // namespace boardloop
