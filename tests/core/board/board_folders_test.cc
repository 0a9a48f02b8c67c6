// The board types that ship, and where others are looked for.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_replace.h"
#include "core/base/files.h"
#include "core/board/board_type.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

constexpr char kYaml[] = R"(name: toy
description: A toy
mcu: TOY32
core: cortex-m7
clock_hz: 100000000
memories:
  - {name: flash, kind: flash, address: 0x08000000, bytes: 1048576}
  - {name: sram, kind: ram, address: 0x20000000, bytes: 65536}
reserves: {stack_bytes: 4096, data_bytes: 2048, code_bytes: 65536}
)";

// A folder of board types that $BOARDLOOP_BOARDS names.
class BoardFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "/board_folders_" + test.name();
    std::filesystem::create_directories(folder_);
    setenv("BOARDLOOP_BOARDS", ("/nowhere:" + folder_).c_str(), /*overwrite=*/1);
  }
  void TearDown() override {
    unsetenv("BOARDLOOP_BOARDS");
    std::filesystem::remove_all(folder_);
  }
  void Write(const std::string& file, const std::string& yaml) {
    ASSERT_THAT(WriteFileAtomically(folder_ + "/" + file, yaml), IsOk());
  }
  std::string folder_;
};

struct Shipped {
  const char* name;
  const char* core;
  int64_t ram_kib, arena_kib, flash_kib, clock_mhz;
};

class ShippedBoardTest : public testing::TestWithParam<Shipped> {};

TEST_P(ShippedBoardTest, HasTheMemoryOfItsDatasheet) {
  const Shipped& expected = GetParam();
  absl::StatusOr<BoardType> board = LoadBoardType(expected.name);
  ASSERT_THAT(board, IsOk());
  EXPECT_EQ(board->core, expected.core);
  EXPECT_EQ(board->RamBytes(), expected.ram_kib * 1024);
  EXPECT_EQ(board->LargestArenaBytes(), expected.arena_kib * 1024);
  EXPECT_EQ(board->FlashBytes(), expected.flash_kib * 1024);
  EXPECT_EQ(board->clock_hz, expected.clock_mhz * 1'000'000);
}

INSTANTIATE_TEST_SUITE_P(
    All, ShippedBoardTest,
    testing::Values(Shipped{"stm32f405", "cortex-m4", 192, 128, 1024, 168},
                    Shipped{"stm32f412", "cortex-m4", 256, 256, 1024, 100},
                    Shipped{"stm32f746", "cortex-m7", 320, 320, 1024, 216},
                    Shipped{"stm32f765", "cortex-m7", 512, 512, 1024, 216},
                    Shipped{"stm32h743", "cortex-m7", 992, 512, 2048, 480},
                    Shipped{"virtual-stm32f405", "cortex-m4", 128, 128, 1024, 168},
                    Shipped{"virtual-stm32f746", "cortex-m7", 320, 320, 1024, 216}),
    [](const auto& param_info) {
      return absl::StrReplaceAll(param_info.param.name, {{"-", "_"}});
    });

TEST(ShippedSupportTest, VirtualBoardsAreModelledAndOthersAreMeasured) {
  for (const std::string& name : BoardTypeNames()) {
    SCOPED_TRACE(name);
    absl::StatusOr<BoardType> board = LoadBoardType(name);
    ASSERT_THAT(board, IsOk());
    if (!board->support.has_value()) continue;
    EXPECT_EQ(board->support->is_virtual, name.rfind("virtual-", 0) == 0);
    EXPECT_EQ(board->support->timing.source == Timing::Source::kModel, board->support->is_virtual);
    EXPECT_EQ(board->support->timing.model.empty(), !board->support->is_virtual);
  }
}

TEST(BoardTypeNamesTest, ListsTheShippedOnes) {
  EXPECT_THAT(BoardTypeNames(),
              IsSupersetOf({"stm32f405", "stm32f412", "stm32f746", "stm32f765", "stm32h743"}));
}

TEST(LoadBoardTypeTest, AnUnknownNameListsTheKnownOnesAndTheFolders) {
  EXPECT_THAT(LoadBoardType("stm32x999"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no board type \"stm32x999\""), HasSubstr("stm32f746"),
                             HasSubstr("device-agent/boards"))));
}

TEST(LoadBoardTypeTest, AMissingFileIsNamed) {
  EXPECT_THAT(LoadBoardType("no/such.yaml"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such.yaml")));
}

TEST_F(BoardFolderTest, NamesOfTheFolderAreFound) {
  Write("toy.yaml", kYaml);
  absl::StatusOr<BoardType> board = LoadBoardType("toy");
  ASSERT_THAT(board, IsOk());
  EXPECT_EQ(board->mcu, "TOY32");
  EXPECT_THAT(BoardTypeNames(), Contains("toy"));
}

TEST_F(BoardFolderTest, APathIsTakenAsItIs) {
  Write("toy.yaml", kYaml);
  EXPECT_THAT(LoadBoardType(folder_ + "/toy.yaml"), IsOk());
}

TEST_F(BoardFolderTest, TheFolderComesBeforeTheShippedOnes) {
  std::string yaml = kYaml;
  Write("stm32f746.yaml", yaml.replace(yaml.find("toy"), 3, "stm32f746"));
  EXPECT_EQ(LoadBoardType("stm32f746")->mcu, "TOY32");
}

TEST_F(BoardFolderTest, AFileWithAnotherNameInsideIsRefused) {
  Write("other.yaml", kYaml);
  EXPECT_THAT(LoadBoardType("other"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("other.yaml has the name \"toy\", must be that of the file")));
}

}  // namespace
}  // namespace boardloop
