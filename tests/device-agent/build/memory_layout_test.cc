#include "device-agent/build/memory_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/board/board_type.h"
#include "device-agent/build/mpu_regions.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

BoardType Load(const std::string& name) {
  absl::StatusOr<BoardType> board = LoadBoardType(name);
  EXPECT_THAT(board, IsOk());
  return board.value_or(BoardType{});
}

bool IsEndOfRam(const BoardType& board, int64_t address) {
  for (const AddressRange& run : RamRuns(board, RamUse::kAny)) {
    if (run.end == address) return true;
  }
  return false;
}

bool IsRam(const BoardType& board, int64_t address) {
  for (const AddressRange& run : RamRuns(board, RamUse::kAny)) {
    if (run.begin <= address && address < run.end) return true;
  }
  return false;
}

TEST(MemoryLayoutTest, ArenasOfAllBoardTypesHaveThePlannersSizesAndEndWithTheRam) {
  for (const std::string& name : BoardTypeNames()) {
    const BoardType board = Load(name);
    const std::vector<int64_t> regions = board.ArenaRegions();
    absl::StatusOr<MemoryLayout> layout = LayOutMemory(board, regions);
    ASSERT_THAT(layout, IsOk()) << name;
    ASSERT_EQ(layout->arenas.size(), regions.size()) << name;
    for (size_t i = 0; i < regions.size(); ++i) {
      EXPECT_EQ(layout->arenas[i].used.bytes(), regions[i]) << name;
      EXPECT_TRUE(IsEndOfRam(board, layout->arenas[i].used.end)) << name;
    }
    EXPECT_EQ(layout->stack.bytes(), board.reserves.stack_bytes) << name;
    EXPECT_GE(layout->data.bytes(), board.reserves.data_bytes) << name;
    EXPECT_TRUE(IsRam(board, layout->stack.begin)) << name;
    EXPECT_FALSE(IsRam(board, layout->stack.begin - 1)) << name;
  }
}

TEST(MemoryLayoutTest, StackAndDataLieInRamThatMayNotHoldTheArena) {
  const BoardType board = Load("stm32f405");
  absl::StatusOr<MemoryLayout> layout = LayOutMemory(board, {1000});
  ASSERT_THAT(layout, IsOk());
  EXPECT_EQ(layout->stack.begin, 0x10000000);  // The core-coupled memory.
  EXPECT_EQ(layout->arenas[0].used.begin, 0x20020000 - 1000);
  EXPECT_EQ(layout->arenas[0].free.begin, 0x20000000);
}

TEST(MemoryLayoutTest, AnArenaOfOddSizeStartsAtAWord) {
  absl::StatusOr<MemoryLayout> layout = LayOutMemory(Load("virtual-stm32f405"), {1001});
  ASSERT_THAT(layout, IsOk());
  EXPECT_EQ(layout->arenas[0].used.begin % 4, 0);
  EXPECT_EQ(layout->arenas[0].used.bytes(), 1001);
  EXPECT_GT(layout->arenas[0].used.end, 0x20020000 - 4);
}

TEST(MemoryLayoutTest, AnArenaThatDoesNotFitSaysByHowMuch) {
  const BoardType board = Load("virtual-stm32f405");
  EXPECT_THAT(LayOutMemory(board, {board.ArenaRegions()[0] + 100}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100 B too much")));
  EXPECT_THAT(LayOutMemory(board, {100, 200}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("arena region 1")));
}

TEST(MemoryLayoutTest, ABoardWithoutFlashIsRefused) {
  BoardType board = Load("virtual-stm32f405");
  board.memories.erase(board.memories.begin());
  EXPECT_THAT(LayOutMemory(board, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("flash")));
}

// Whether the MPU allows the access, from the registers' definition.
bool Covers(const MpuRegion& region, int64_t address) {
  const int64_t size = int64_t{2} << (region.attributes >> 1 & 31);
  if (address < region.base || address >= region.base + size) return false;
  const int64_t subregion = (address - region.base) / (size / 8);
  return size < 256 || (region.attributes >> 8 >> subregion & 1) == 0;
}

TEST(MpuRegionsTest, CoverTheMemoriesOfAllBoardTypesExactly) {
  for (const std::string& name : BoardTypeNames()) {
    const BoardType board = Load(name);
    absl::StatusOr<MemoryLayout> layout = LayOutMemory(board, {});
    ASSERT_THAT(layout, IsOk());
    absl::StatusOr<std::vector<MpuRegion>> regions = MpuRegionsOf(board, layout->flash);
    ASSERT_THAT(regions, IsOk()) << name;
    EXPECT_LE(regions->size(), 8u);
    std::vector<AddressRange> memories = RamRuns(board, RamUse::kAny);
    memories.push_back(layout->flash);
    for (const MpuRegion& region : *regions) {
      EXPECT_EQ(region.base % (int64_t{2} << (region.attributes >> 1 & 31)), 0) << name;
    }
    const auto covered = [&](int64_t address) {
      return std::count_if(regions->begin(), regions->end(),
                           [=](const MpuRegion& r) { return Covers(r, address); });
    };
    for (const AddressRange& memory : memories) {
      EXPECT_EQ(covered(memory.begin - 1), 0) << name;
      EXPECT_EQ(covered(memory.end), 0) << name;
      for (int64_t address = memory.begin; address < memory.end; address += 32) {
        ASSERT_EQ(covered(address), 1) << name << " at " << address;
      }
    }
  }
}

TEST(MpuRegionsTest, OddRangesTakeSeveralRegions) {
  absl::StatusOr<std::vector<MpuRegion>> regions = CoverExactly({0x20000020, 0x20002460}, 0);
  ASSERT_THAT(regions, IsOk());
  for (int64_t address = 0x20000000; address < 0x20002480; address += 32) {
    const bool inside = address >= 0x20000020 && address < 0x20002460;
    const auto count = std::count_if(regions->begin(), regions->end(),
                                     [=](const MpuRegion& r) { return Covers(r, address); });
    EXPECT_EQ(count, inside ? 1 : 0) << address;
  }
}

TEST(MpuRegionsTest, WhatItCannotProtectIsRefused) {
  EXPECT_THAT(CoverExactly({0, 33}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("32 bytes")));
}

}  // namespace
}  // namespace boardloop
