#include "device-agent/measure/board_state.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class BoardStateTest : public testing::Test {
 protected:
  BoardStateTest() {
    std::string pattern = testing::TempDir() + "boardloop-state-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~BoardStateTest() override { std::filesystem::remove_all(root_); }

  std::string root_;
};

TEST_F(BoardStateTest, OneProcessHasABoard) {
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  EXPECT_THAT(BoardState::Open(root_, "a"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("in use by process " + std::to_string(getpid()))));
  { const BoardState gone = *std::move(state); }
  EXPECT_THAT(BoardState::Open(root_, "a"), IsOk());
}

TEST_F(BoardStateTest, BoardsMadeAsNeededAreDistinct) {
  absl::StatusOr<BoardState> a = BoardState::OpenAny(root_, "v"),
                             b = BoardState::OpenAny(root_, "v");
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_NE(a->folder(), b->folder());
}

TEST_F(BoardStateTest, AFolderThatCannotBeMadeIsToldAtOnce) {
  const std::string file = root_ + "/file";
  std::ofstream(file) << "x";
  EXPECT_THAT(BoardState::OpenAny(file, "v"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(file + "/v-1")));
}

TEST_F(BoardStateTest, ThreeHangsInARowWedge) {
  {
    absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
    ASSERT_THAT(state, IsOk());
    ASSERT_THAT(state->NoteHangs(2, "flash"), IsOk());
    EXPECT_EQ(state->wedged(), "");
  }
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");  // Remembered.
  ASSERT_THAT(state, IsOk());
  ASSERT_THAT(state->NoteHangs(1, "identify"), IsOk());
  EXPECT_THAT(state->wedged(), HasSubstr("hung 3 times in a row, last: identify"));
  ASSERT_THAT(state->ClearWedged(), IsOk());
  EXPECT_EQ(state->wedged(), "");
}

TEST_F(BoardStateTest, AMeasurementThatSucceedsEndsARowOfHangs) {
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  ASSERT_THAT(state->NoteHangs(2, "flash"), IsOk());
  ASSERT_THAT(state->NoteHangs(0, ""), IsOk());
  ASSERT_THAT(state->NoteHangs(2, "flash"), IsOk());
  EXPECT_EQ(state->wedged(), "");
}

TEST_F(BoardStateTest, TheFirstCyclesOfAGoldenImageStay) {
  {
    absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
    ASSERT_THAT(state, IsOk());
    EXPECT_EQ(state->golden_first_cycles(), 0);
    ASSERT_THAT(state->RememberGolden("one", 1000), IsOk());
    ASSERT_THAT(state->RememberGolden("one", 1004), IsOk());
  }
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->golden_first_cycles(), 1000);
  EXPECT_EQ(state->golden_cycles(), 1004);
  ASSERT_THAT(state->RememberGolden("two", 900), IsOk());
  EXPECT_EQ(state->golden_first_cycles(), 900) << "of another image";
}

TEST_F(BoardStateTest, AFileOfAnEarlierReleaseGivesItsCyclesAsTheFirst) {
  std::filesystem::create_directories(root_ + "/a");
  std::ofstream(root_ + "/a/board.json") << R"({"golden_image": "one", "golden_cycles": 1000})";
  const absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->golden_first_cycles(), 1000);
}

TEST_F(BoardStateTest, CountsErasesOverProcesses) {
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
    ASSERT_THAT(state, IsOk());
    ASSERT_THAT(state->CountErases(5), IsOk());
  }
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->sector_erases(), 10);
}

TEST_F(BoardStateTest, ABrokenFileCountsAsNone) {
  std::filesystem::create_directories(root_ + "/a");
  std::ofstream(root_ + "/a/board.json") << "{\"wedged\": 7, \"sector_erases\": \"x\"";
  absl::StatusOr<BoardState> state = BoardState::Open(root_, "a");
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->wedged(), "");
  EXPECT_EQ(state->sector_erases(), 0);
}

}  // namespace
}  // namespace boardloop
