#include "device-agent/probe/flash_record.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<FlashSector> kSectors = {{0x1000, 16}, {0x1010, 16}, {0x1020, 32}};

std::vector<const SectorContent*> Pointers(const std::vector<SectorContent>& contents) {
  std::vector<const SectorContent*> pointers;
  for (const SectorContent& content : contents) pointers.push_back(&content);
  return pointers;
}

TEST(SectorContentsTest, SplitsASegmentAtSectorBorders) {
  absl::StatusOr<std::vector<SectorContent>> contents =
      SectorContents(kSectors, {{0x100c, {1, 2, 3, 4, 5, 6}}});
  ASSERT_THAT(contents, IsOk());
  ASSERT_EQ(contents->size(), 2u);
  EXPECT_EQ((*contents)[0].bytes.size(), 16u);
  EXPECT_EQ((*contents)[0].bytes[0], 0xff);
  EXPECT_EQ((*contents)[0].bytes[15], 4);
  EXPECT_THAT((*contents)[1].bytes, ElementsAre(5, 6));
}

TEST(SectorContentsTest, SegmentsShareASector) {
  absl::StatusOr<std::vector<SectorContent>> contents =
      SectorContents(kSectors, {{0x1004, {9}}, {0x1000, {7, 8}}});
  ASSERT_THAT(contents, IsOk());
  ASSERT_EQ(contents->size(), 1u);
  EXPECT_THAT((*contents)[0].bytes, ElementsAre(7, 8, 0xff, 0xff, 9));
}

TEST(SectorContentsTest, RefusesOverlapsAndAddressesWithoutFlash) {
  EXPECT_THAT(SectorContents(kSectors, {{0x1000, {1, 2}}, {0x1001, {3}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0x00001001")));
  EXPECT_THAT(SectorContents(kSectors, {{0x103f, {1, 2}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0x00001040")));
}

TEST(MergeSectorsTest, NeighboursBecomeOneSegment) {
  const std::vector<SectorContent> contents = {
      {{0x1000, 16}, {1}, ""}, {{0x1010, 16}, {2, 3}, ""}, {{0x2000, 16}, {4}, ""}};
  const std::vector<FlashSegment> segments = MergeSectors(Pointers(contents));
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0].bytes.size(), 18u);
  EXPECT_EQ(segments[0].bytes[1], 0xff);
  EXPECT_EQ(segments[0].bytes[17], 3);
  EXPECT_EQ(segments[1].address, 0x2000u);
}

class FlashRecordTest : public testing::Test {
 protected:
  FlashRecordTest() {
    std::string pattern = testing::TempDir() + "boardloop-record-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    contents_ = SectorContents(kSectors, {{0x1000, {1, 2, 3}}}).value();
  }
  ~FlashRecordTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ + "/flash.json"; }

  std::string folder_;
  std::vector<SectorContent> contents_;
};

TEST_F(FlashRecordTest, RemembersOverRestarts) {
  {
    FlashRecord record(Path());
    EXPECT_FALSE(record.Holds(contents_[0]));
    ASSERT_THAT(record.Forget(Pointers(contents_)), IsOk());
    ASSERT_THAT(record.Remember(Pointers(contents_)), IsOk());
  }
  const FlashRecord record(Path());
  EXPECT_TRUE(record.Holds(contents_[0]));
  EXPECT_EQ(record.total_erases(), 1);
}

TEST_F(FlashRecordTest, WhatWasBeingErasedWhenTheProgramEndedIsUnknown) {
  {
    FlashRecord record(Path());
    ASSERT_THAT(record.Remember(Pointers(contents_)), IsOk());
    ASSERT_THAT(record.Forget(Pointers(contents_)), IsOk());
  }
  EXPECT_FALSE(FlashRecord(Path()).Holds(contents_[0]));
  EXPECT_EQ(FlashRecord(Path()).most_erases(), 1);
}

TEST_F(FlashRecordTest, AnotherContentIsNotHeld) {
  FlashRecord record(Path());
  ASSERT_THAT(record.Remember(Pointers(contents_)), IsOk());
  EXPECT_FALSE(record.Holds(SectorContents(kSectors, {{0x1000, {1, 2, 4}}}).value()[0]));
}

TEST_F(FlashRecordTest, ABrokenFileCountsAsNone) {
  std::ofstream(Path()) << R"({"sectors": [{"address": 4096, "hash": 1}, 7, {"erases": "x"}]})";
  EXPECT_FALSE(FlashRecord(Path()).Holds(contents_[0]));
  std::ofstream(Path()) << "{";
  EXPECT_FALSE(FlashRecord(Path()).Holds(contents_[0]));
}

}  // namespace
}  // namespace boardloop
