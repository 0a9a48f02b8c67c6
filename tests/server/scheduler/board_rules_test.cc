#include "server/scheduler/board_rules.h"

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using v1::Board;

constexpr char kAgent[] = "members/agent";

class BoardRulesTest : public ::testing::Test {
 protected:
  v1::BoardReport Report(int64_t check, const std::string& message = "") {
    v1::BoardReport report;
    report.set_name("boards/1");
    report.set_board_type("virtual-stm32f405");
    report.set_check(check);
    report.set_check_message(message);
    return report;
  }
  Board InServiceBoard() {
    Board board;
    ApplyReport(board, Report(0), kAgent, false, BoardLimits(), now_);
    ApplyReport(board, Report(board.check()), kAgent, false, BoardLimits(), now_);
    return board;
  }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(BoardRulesTest, ANewBoardIsCheckedBeforeItIsOffered) {
  Board board;
  ApplyReport(board, Report(0), kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::CHECKING);
  EXPECT_FALSE(InService(board));
  ApplyReport(board, Report(board.check()), kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::IDLE);
}

TEST_F(BoardRulesTest, AnOldCheckDoesNotCount) {
  Board board = InServiceBoard();
  const int64_t old_check = board.check();
  BeginCheck(board, now_);
  ApplyReport(board, Report(old_check), kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::CHECKING);
}

TEST_F(BoardRulesTest, TheDriftOfTheGoldenModelIsKeptUntilTheNextOneThatIsMeasured) {
  Board board = InServiceBoard();
  EXPECT_FALSE(board.has_golden_drift());
  v1::BoardReport report = Report(board.check());
  report.set_golden_drift(0.004);
  ApplyReport(board, report, kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.golden_drift(), 0.004);
  ApplyReport(board, Report(0), kAgent, /*restarted=*/true, BoardLimits(), now_);
  EXPECT_EQ(board.golden_drift(), 0.004);
}

TEST_F(BoardRulesTest, ThreeBadChecksInARowQuarantine) {
  Board board;
  ApplyReport(board, Report(0), kAgent, false, BoardLimits(), now_);
  for (int i = 1; i <= 2; ++i) {
    const int64_t check = board.check();
    ApplyReport(board, Report(check, "golden outputs differ"), kAgent, false, BoardLimits(), now_);
    EXPECT_EQ(board.state(), Board::CHECKING);
    EXPECT_GT(board.check(), check);
    EXPECT_THAT(board.reason(), HasSubstr("golden outputs differ"));
  }
  ApplyReport(board, Report(board.check(), "silence"), kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::QUARANTINED);
  EXPECT_THAT(board.reason(), HasSubstr("silence"));
}

TEST_F(BoardRulesTest, AGoodCheckEndsTheRow) {
  Board board;
  ApplyReport(board, Report(0), kAgent, false, BoardLimits(), now_);
  ApplyReport(board, Report(board.check(), "silence"), kAgent, false, BoardLimits(), now_);
  ApplyReport(board, Report(board.check()), kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::IDLE);
  EXPECT_EQ(board.failures(), 0);
  EXPECT_EQ(board.reason(), "");
}

TEST_F(BoardRulesTest, ChecksOfAnAgentThatWasKilledAreNotOfTheRow) {
  Board board;
  ApplyReport(board, Report(0), kAgent, false, BoardLimits(), now_);
  for (int i = 0; i < 5; ++i) {
    ApplyReport(board, Report(board.check(), "silence"), kAgent, false, BoardLimits(), now_);
    ApplyReport(board, Report(0), kAgent, /*restarted=*/true, BoardLimits(), now_);
    EXPECT_EQ(board.state(), Board::CHECKING);
  }
}

TEST_F(BoardRulesTest, AQuarantinedBoardHasOneCheck) {
  Board board = InServiceBoard();
  const BoardLimits limits;
  for (int i = 0; i < 3; ++i) ApplyResult(board, Fault::kBoard, "a", limits, now_);
  BeginCheck(board, now_);
  ApplyReport(board, Report(board.check(), "silence"), kAgent, false, limits, now_);
  EXPECT_EQ(board.state(), Board::QUARANTINED);
}

TEST_F(BoardRulesTest, AnAgentThatStartsAgainIsCheckedAgain) {
  Board board = InServiceBoard();
  ApplyReport(board, Report(0), kAgent, /*restarted=*/true, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::CHECKING);
}

TEST_F(BoardRulesTest, ThreeFailuresInARowQuarantine) {
  Board board = InServiceBoard();
  const BoardLimits limits;
  ApplyResult(board, Fault::kCandidate, "a", limits, now_);
  ApplyResult(board, Fault::kBoard, "b", limits, now_);
  ApplyResult(board, Fault::kNone, "", limits, now_);  // Ends the row.
  ApplyResult(board, Fault::kCandidate, "c", limits, now_);
  ApplyResult(board, Fault::kCandidate, "d", limits, now_);
  EXPECT_TRUE(InService(board));
  ApplyResult(board, Fault::kCandidate, "e", limits, now_);
  EXPECT_EQ(board.state(), Board::QUARANTINED);
  EXPECT_THAT(board.reason(), HasSubstr("3 measurements failed in a row"));
  EXPECT_EQ(board.measurements(), 6);  // Failed ones are among them.
}

TEST_F(BoardRulesTest, FailuresOfAgentsAreNotTheBoards) {
  Board board = InServiceBoard();
  for (int i = 0; i < 10; ++i) ApplyResult(board, Fault::kMember, "", BoardLimits(), now_);
  EXPECT_TRUE(InService(board));
}

TEST_F(BoardRulesTest, WhatAnOperatorDecidedOutlivesTheAgent) {
  Board board = InServiceBoard();
  Drain(board, "new probe", now_);
  MarkOffline(board, "its agent is silent", now_);
  EXPECT_EQ(board.state(), Board::DRAINED);
  ApplyReport(board, Report(0), kAgent, true, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::DRAINED);
  EXPECT_EQ(board.reason(), "new probe");
}

TEST_F(BoardRulesTest, AReturnedBoardIsCheckedFirst) {
  Board board = InServiceBoard();
  EXPECT_THAT(Return(board, now_), StatusIs(absl::StatusCode::kFailedPrecondition));
  Quarantine(board, "smells", now_);
  EXPECT_THAT(Return(board, now_), IsOk());
  EXPECT_EQ(board.state(), Board::CHECKING);
}

TEST_F(BoardRulesTest, ChecksComeNowAndThen) {
  Board board = InServiceBoard();
  const BoardLimits limits;
  EXPECT_FALSE(CheckIsDue(board, limits, now_ + absl::Minutes(59)));
  EXPECT_TRUE(CheckIsDue(board, limits, now_ + absl::Minutes(60)));
  Quarantine(board, "", now_);
  EXPECT_FALSE(CheckIsDue(board, limits, now_ + absl::Minutes(9)));
  EXPECT_TRUE(CheckIsDue(board, limits, now_ + absl::Minutes(10)));
  Drain(board, "", now_);
  EXPECT_FALSE(CheckIsDue(board, limits, now_ + absl::Hours(100)));  // A person's to return.
}

TEST_F(BoardRulesTest, AWedgedBoardIsQuarantinedWithTheAgentsReason) {
  Board board = InServiceBoard();
  v1::BoardReport report = Report(board.check());
  report.set_unusable("the probe hung 3 times in a row");
  ApplyReport(board, report, kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::QUARANTINED);
  EXPECT_EQ(board.reason(), "the probe hung 3 times in a row");
}

TEST_F(BoardRulesTest, AReturnedBoardIsCheckedBeforeItsAgentsReasonCountsAgain) {
  Board board = InServiceBoard();
  const int64_t before = board.check();
  Quarantine(board, "the probe hung 3 times in a row", now_);
  ASSERT_TRUE(Return(board, now_).ok());
  v1::BoardReport report = Report(before);
  report.set_unusable("the probe hung 3 times in a row");
  ApplyReport(board, report, kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::CHECKING);
  // The check did not help: once is enough.
  report.set_check(board.check());
  report.set_check_message("the probe hung");
  ApplyReport(board, report, kAgent, false, BoardLimits(), now_);
  EXPECT_EQ(board.state(), Board::QUARANTINED);
}

TEST_F(BoardRulesTest, AfterTheClockWasSetBackABoardIsCheckedAtOnce) {
  const absl::Time before = now_ - absl::Hours(24);
  Board board = InServiceBoard();
  EXPECT_FALSE(CheckIsDue(board, BoardLimits(), now_));
  EXPECT_TRUE(CheckIsDue(board, BoardLimits(), before));
  Quarantine(board, "wrong bytes", now_);
  EXPECT_TRUE(CheckIsDue(board, BoardLimits(), before));
  // Once: the check has the new time.
  BeginCheck(board, before);
  ApplyReport(board, Report(board.check()), kAgent, false, BoardLimits(), before);
  EXPECT_FALSE(CheckIsDue(board, BoardLimits(), before));
}

TEST_F(BoardRulesTest, TheEtagRisesWithWhatAnOperatorDecidesUpon) {
  Board board = InServiceBoard();
  const std::string seen = board.etag();
  SetTask(board, "tasks/1", now_);
  EXPECT_EQ(board.etag(), seen);
  for (int i = 0; i < BoardLimits().failures; ++i) {
    ApplyResult(board, Fault::kBoard, "no answer", BoardLimits(), now_);
  }
  ASSERT_EQ(board.state(), Board::QUARANTINED);
  EXPECT_NE(board.etag(), seen);
}

}  // namespace
}  // namespace boardloop
