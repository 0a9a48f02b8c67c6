#include "core/board/board_type.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kYaml[] = R"(name: toy
description: A toy, not for sale
mcu: TOY32
core: cortex-m4
clock_hz: 100000000
memories:
  - {name: flash, kind: flash, address: 0x08000000, bytes: 1048576}
  - {name: low, kind: ram, address: 0x20000000, bytes: 65536}
  - {name: high, kind: ram, address: 0x20010000, bytes: 32768}
  - {name: far, kind: ram, address: 0x30000000, bytes: 81920}
  - {name: ccm, kind: ram, address: 0x10000000, bytes: 131072, arena: false}
  - {name: itcm, kind: code_ram, address: 0, bytes: 16384}
reserves: {stack_bytes: 4096, data_bytes: 2048, code_bytes: 65536}
)";

TEST(BoardTypeTest, ReadsEveryField) {
  absl::StatusOr<BoardType> board = ParseBoardType(kYaml, "toy.yaml");
  ASSERT_THAT(board, IsOk());
  EXPECT_EQ(board->name, "toy");
  EXPECT_EQ(board->description, "A toy, not for sale");
  EXPECT_EQ(board->mcu, "TOY32");
  EXPECT_EQ(board->core, "cortex-m4");
  EXPECT_EQ(board->clock_hz, 100'000'000);
  ASSERT_EQ(board->memories.size(), 6u);
  EXPECT_EQ(board->memories[0].address, 0x08000000);
  EXPECT_EQ(board->memories[0].bytes, 1048576);
  EXPECT_FALSE(board->memories[0].arena);
  EXPECT_TRUE(board->memories[1].arena);
  EXPECT_FALSE(board->memories[4].arena);
  EXPECT_EQ(board->reserves.stack_bytes, 4096);
  EXPECT_EQ(board->reserves.data_bytes, 2048);
  EXPECT_EQ(board->reserves.code_bytes, 65536);
}

TEST(BoardTypeTest, RamIsCountedWithoutCodeRam) {
  BoardType board = *ParseBoardType(kYaml, "toy.yaml");
  EXPECT_EQ(board.RamBytes(), 65536 + 32768 + 81920 + 131072);
  EXPECT_EQ(board.FlashBytes(), 1048576);
}

TEST(BoardTypeTest, ReservesGoIntoRamThatMayNotHoldTheArena) {
  BoardType board = *ParseBoardType(kYaml, "toy.yaml");
  EXPECT_EQ(board.ArenaRegions(), (std::vector<int64_t>{65536 + 32768, 81920}));
  EXPECT_EQ(board.FlashForNetwork(), 1048576 - 65536);
}

TEST(BoardTypeTest, ElseReservesGoIntoTheSmallestRunThatHoldsThem) {
  BoardType board = *ParseBoardType(kYaml, "toy.yaml");
  for (MemoryRegion& region : board.memories) region.arena = region.name != "itcm";
  EXPECT_EQ(board.ArenaRegions(), (std::vector<int64_t>{131072, 65536 + 32768, 81920 - 6144}));
}

TEST(BoardTypeTest, TheArenaSpansRegionsThatTouch) {
  EXPECT_EQ(ParseBoardType(kYaml, "toy.yaml")->LargestArenaBytes(), 65536 + 32768);
}

TEST(BoardTypeTest, AGapEndsTheArena) {
  BoardType board = *ParseBoardType(kYaml, "toy.yaml");
  board.memories[2].address += 4;
  EXPECT_EQ(board.LargestArenaBytes(), 81920);
}

TEST(BoardTypeTest, ARegionClosedToTheArenaEndsIt) {
  BoardType board = *ParseBoardType(kYaml, "toy.yaml");
  board.memories[2].arena = false;
  board.memories[3].arena = false;
  EXPECT_EQ(board.LargestArenaBytes(), 65536);
}

struct BadBoard {
  const char* from;
  const char* to;
  const char* message;
};

class BadBoardTest : public testing::TestWithParam<BadBoard> {};

TEST_P(BadBoardTest, IsRefusedInOneLineThatNamesThePlace) {
  const BadBoard& bad = GetParam();
  std::string yaml = kYaml;
  yaml.replace(yaml.find(bad.from), std::string(bad.from).size(), bad.to);
  EXPECT_THAT(ParseBoardType(yaml, "toy.yaml"),
              StatusIs(kInvalid, AllOf(HasSubstr(bad.message), Not(HasSubstr("\n")))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadBoardTest,
    testing::Values(
        BadBoard{"mcu: TOY32\n", "", "toy.yaml:1: the document lacks the field \"mcu\""},
        BadBoard{"mcu: TOY32\n", "mcu:\n", "mcu must be text"},
        BadBoard{"mcu: TOY32\n", "mcu: [1]\n", "toy.yaml:3: mcu must be text"},
        BadBoard{"mcu: TOY32\n", "mcu: TOY\nspeed: 3\n", "toy.yaml:4: speed is not a known field"},
        BadBoard{"mcu: TOY32\n", "mcu: TOY\nmcu: B\n", "toy.yaml:4: mcu is given twice"},
        BadBoard{"mcu: TOY32\n", "mcu: \"A\\nB\"\n", "mcu is \"A\\nB\", must be one line"},
        BadBoard{"name: toy", "name: T O Y", "toy.yaml:1: name must be 1 to 63 lower-case"},
        BadBoard{"cortex-m4", "cortex-a53", "toy.yaml:4: core must be one of cortex-m4"},
        BadBoard{"100000000", "1e8", "toy.yaml:5: clock_hz is \"1e8\", an integer is needed"},
        BadBoard{"100000000", "0", "clock_hz is 0, must be in [1000000, 2000000000]"},
        BadBoard{"bytes: 65536", "bytes: -1", "toy.yaml:8: memories[1].bytes is -1, must be in"},
        BadBoard{"bytes: 65536", "bytes: 0", "memories[1].bytes is 0, must be in [1, 3758096384]"},
        BadBoard{"bytes: 65536", "bytes: 99999999999999999999", "an integer is needed"},
        BadBoard{"bytes: 65536", "bytes: 6553", "memories[1] must start and end at multiples of 4"},
        BadBoard{"0x20000000", "0x", "memories[1].address is \"0x\", an integer is needed"},
        BadBoard{"0x20000000", "0x120000000", "memories[1].address is 4831838208, must be in"},
        BadBoard{"bytes: 65536", "bytes: 65540",
                 "toy.yaml:7: memories overlap: low ends at 0x20010004, high starts at 0x20010000"},
        BadBoard{"name: low", "name: high", "toy.yaml:9: memories[2] has the name of another"},
        BadBoard{"arena: false", "arena: no", "memories[4].arena is \"no\", must be true or false"},
        BadBoard{"bytes: 16384", "bytes: 16384, arena: true", "which only ram may have"},
        BadBoard{"kind: code_ram", "kind: rom", "memories[5].kind must be ram, flash or code_ram"},
        BadBoard{"kind: flash", "kind: code_ram", "memories has no flash"},
        BadBoard{"stack_bytes: 4096", "stack_bytes: 311296",
                 "reserves takes 313344 B for stack and data of 311296 B of RAM"},
        BadBoard{"code_bytes: 65536", "code_bytes: 1048576",
                 "reserves takes 1048576 B for code of 1048576 B of flash"},
        BadBoard{"stack_bytes: 4096", "stack_bytes: -1", "reserves.stack_bytes is -1"},
        BadBoard{"reserves: {", "reserves: 3 #", "toy.yaml:13: reserves must be a mapping"},
        BadBoard{"memories:", "memories: 3\nmore:", "is not a known field"},
        BadBoard{"mcu: TOY32", "mcu: &a TOY32", "anchors and aliases are not supported"},
        BadBoard{"mcu: TOY32", "mcu: !!binary TOY32", "tags are not supported"},
        BadBoard{"mcu: TOY32", "mcu: [[[[[[[[[1]]]]]]]]]", "nested deeper than 8 levels"},
        BadBoard{"mcu: TOY32", "[a]: 1", "has a field whose name is not a word"},
        BadBoard{"mcu: TOY32", "mcu: {", "toy.yaml:"},
        BadBoard{"mcu: TOY32", "mcu: \"", "toy.yaml:"},
        BadBoard{"mcu: TOY32", "---\nmcu: TOY32", "only one document may be here"}));

TEST(BoardTypeTest, DocumentsThatAreNoMappingAreRefused) {
  for (const char* yaml : {"", "# nothing\n", "3", "[]", "~"}) {
    EXPECT_THAT(ParseBoardType(yaml, "x.yaml"),
                StatusIs(kInvalid, "x.yaml:1: the document must be a mapping of names to values"))
        << yaml;
  }
}

TEST(BoardTypeTest, TruncatedFilesAreRefused) {
  std::string yaml = kYaml;
  size_t last_field = yaml.find("reserves");
  for (size_t bytes = 0; bytes < last_field; ++bytes) {
    EXPECT_FALSE(ParseBoardType(yaml.substr(0, bytes), "x.yaml").ok()) << bytes;
  }
}

TEST(BoardTypeTest, DeepNestingIsRefusedBeforeItIsDeep) {
  for (const char* opening : {"[", "{a: ", "- "}) {
    std::string yaml;
    while (yaml.size() < 60000) yaml += opening;
    EXPECT_THAT(ParseBoardType(yaml, "x.yaml"), StatusIs(kInvalid, HasSubstr("x.yaml:1: ")));
  }
}

TEST(BoardTypeTest, HugeFilesAreRefused) {
  EXPECT_THAT(ParseBoardType(std::string(100'000, '#'), "x.yaml"),
              StatusIs(kInvalid, "x.yaml has 100000 bytes, at most 65536 are read"));
}

constexpr char kSupport[] = R"(support:
  firmware: toy
  double_fpu: true
  debug: {openocd_target: toy4x, pyocd_target: toy405, device_id: 0x413, unique_id_address: 0x1FFF7A10}
  timing: {source: cycle_counter}
)";

TEST(BoardSupportTest, ABoardTypeWithoutItIsForPlanningOnly) {
  EXPECT_FALSE(ParseBoardType(kYaml, "toy.yaml")->support.has_value());
}

TEST(BoardSupportTest, ReadsEveryField) {
  absl::StatusOr<BoardType> board = ParseBoardType(std::string(kYaml) + kSupport, "toy.yaml");
  ASSERT_THAT(board, IsOk());
  ASSERT_TRUE(board->support.has_value());
  EXPECT_EQ(board->support->firmware, "toy");
  EXPECT_TRUE(board->support->double_fpu);
  EXPECT_FALSE(board->support->is_virtual);
  EXPECT_EQ(board->support->debug.openocd_target, "toy4x");
  EXPECT_EQ(board->support->debug.pyocd_target, "toy405");
  EXPECT_EQ(board->support->debug.device_id, 0x413);
  EXPECT_EQ(board->support->debug.device_id_address, 0xE0042000);
  EXPECT_EQ(board->support->debug.unique_id_address, 0x1FFF7A10);
  EXPECT_EQ(board->support->timing.source, Timing::Source::kCycleCounter);
}

// `from` of kSupport replaced by `to`.
absl::StatusOr<BoardType> WithSupport(const std::string& from, const std::string& to) {
  std::string yaml = std::string(kYaml) + kSupport;
  return ParseBoardType(yaml.replace(yaml.find(from), from.size(), to), "toy.yaml");
}

TEST(BoardSupportTest, AVirtualBoardNeverCountsAsMeasured) {
  EXPECT_THAT(WithSupport("double_fpu: true", "virtual: true"),
              StatusIs(kInvalid, AllOf(HasSubstr("toy.yaml:18"), HasSubstr("must be model"))));
}

TEST(BoardSupportTest, UnknownTimingIsRefused) {
  EXPECT_THAT(WithSupport("cycle_counter", "stopwatch"),
              StatusIs(kInvalid, HasSubstr("must be cycle_counter or model")));
}

TEST(BoardSupportTest, AModelNeedsAName) {
  EXPECT_THAT(WithSupport("source: cycle_counter", "source: model"),
              StatusIs(kInvalid, HasSubstr("model")));
}

TEST(BoardSupportTest, AddressesAreChecked) {
  EXPECT_THAT(WithSupport("0x1FFF7A10", "0xFFFFFFF8"),
              StatusIs(kInvalid, HasSubstr("unique_id_address")));
  EXPECT_THAT(WithSupport("device_id: 0x413", "device_id: 0x10006413"),
              StatusIs(kInvalid, HasSubstr("device_id")));
}

}  // namespace
}  // namespace boardloop
