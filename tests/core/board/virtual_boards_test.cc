#include "core/board/virtual_boards.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(VirtualBoardsTest, ATypeAloneIsOneBoard) {
  const absl::StatusOr<VirtualBoards> one = ParseVirtualBoards("virtual-stm32f405");
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->type, "virtual-stm32f405");
  EXPECT_EQ(one->count, 1);
  const absl::StatusOr<VirtualBoards> most = ParseVirtualBoards("virtual-stm32f746:64");
  ASSERT_THAT(most, IsOk());
  EXPECT_EQ(most->count, 64);
}

TEST(VirtualBoardsTest, CountsThatThereCannotBeAreRefused) {
  for (const char* text : {"virtual-stm32f405:", "virtual-stm32f405:0", "virtual-stm32f405:65",
                           "virtual-stm32f405:-1", "virtual-stm32f405:x"}) {
    EXPECT_THAT(ParseVirtualBoards(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("TYPE:COUNT")))
        << text;
  }
}

TEST(VirtualBoardsTest, TypesThatAreNotVirtualAreRefused) {
  EXPECT_THAT(ParseVirtualBoards("stm32f405"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no virtual board")));
  EXPECT_THAT(ParseVirtualBoards("nosuch:2"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace boardloop
