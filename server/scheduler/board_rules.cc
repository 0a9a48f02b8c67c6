#include "server/scheduler/board_rules.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

using v1::Board;

void Change(Board& board, Board::State state, const std::string& reason, absl::Time now) {
  int64_t etag = 0;
  if (!absl::SimpleAtoi(board.etag(), &etag)) etag = 0;
  board.set_etag(absl::StrCat(etag + 1));
  board.set_state(state);
  board.set_reason(reason);
  *board.mutable_update_time() = ToTimestamp(now);
}

// A time that is still to come is that of a clock which was set back since: nobody knows how old it is.
bool IsOlder(const google::protobuf::Timestamp& time, absl::Duration age, absl::Time now) {
  return now - FromTimestamp(time) >= age || FromTimestamp(time) > now;
}

void EndCheck(Board& board, const v1::BoardReport& report, const BoardLimits& limits,
              absl::Time now) {
  *board.mutable_check_time() = ToTimestamp(now);
  if (report.check_message().empty()) {
    board.set_failures(0);
    Change(board, Board::IDLE, "", now);
    return;
  }
  const std::string reason = absl::StrCat("the check failed: ", report.check_message());
  board.set_failures(board.failures() + 1);
  if (board.failures() >= limits.failures) return Quarantine(board, reason, now);
  BeginCheck(board, now);
  board.set_reason(reason);
}

}  // namespace

bool InService(const Board& board) {
  return board.state() == Board::IDLE || board.state() == Board::MEASURING;
}

void ApplyReport(Board& board, const v1::BoardReport& report, const std::string& agent,
                 bool restarted, const BoardLimits& limits, absl::Time now) {
  const bool known = !board.name().empty();
  board.set_name(report.name());
  board.set_board_type(report.board_type());
  board.set_agent(agent);
  board.set_unique_id(report.unique_id());
  board.set_probe(report.probe());
  board.set_virtual_(report.virtual_());
  board.set_sector_erases(report.sector_erases());
  board.set_build_digest(report.build_digest());
  // One that has not measured it yet does not make what was measured before untrue.
  if (report.has_golden_drift()) board.set_golden_drift(report.golden_drift());
  if (!known || board.state() == Board::OFFLINE || (restarted && InService(board))) {
    BeginCheck(board, now);
  }
  // Other processes talk to it now: what failed with the ones before begins no row.
  if (restarted && board.state() == Board::CHECKING) board.set_failures(0);
  // A board that was returned is tried before it is refused again: what its agent says is from before the check.
  const bool awaits_check = board.state() == Board::CHECKING && report.check() != board.check();
  if (!report.unusable().empty() && !awaits_check && board.state() != Board::QUARANTINED &&
      board.state() != Board::DRAINED) {
    Quarantine(board, report.unusable(), now);
  }
  if (board.state() == Board::CHECKING && report.check() == board.check()) {
    EndCheck(board, report, limits, now);
  }
}

void ApplyResult(Board& board, Fault fault, const std::string& message, const BoardLimits& limits,
                 absl::Time now) {
  board.set_measurements(board.measurements() + 1);
  *board.mutable_update_time() = ToTimestamp(now);
  if (fault == Fault::kNone) board.set_failures(0);
  if (fault != Fault::kCandidate && fault != Fault::kBoard) return;
  board.set_failures(board.failures() + 1);
  if (board.failures() >= limits.failures && InService(board)) {
    Quarantine(board,
               absl::StrFormat("%d measurements failed in a row, the last with: %s",
                               board.failures(), message),
               now);
  }
}

void MarkOffline(Board& board, const std::string& reason, absl::Time now) {
  board.clear_task();
  // What an operator or a fault has decided outlives its agent.
  if (board.state() == Board::DRAINED || board.state() == Board::QUARANTINED) return;
  if (board.state() != Board::OFFLINE) Change(board, Board::OFFLINE, reason, now);
}

bool CheckIsDue(const Board& board, const BoardLimits& limits, absl::Time now) {
  if (board.state() == Board::IDLE) {
    return IsOlder(board.check_time(), limits.check_interval, now);
  }
  return board.state() == Board::QUARANTINED &&
         IsOlder(board.update_time(), limits.quarantine, now);
}

void BeginCheck(Board& board, absl::Time now) {
  board.set_check(std::max(board.check() + 1, absl::ToUnixMillis(now)));
  Change(board, Board::CHECKING, "", now);
}

void Drain(Board& board, const std::string& reason, absl::Time now) {
  if (board.state() != Board::DRAINED) Change(board, Board::DRAINED, reason, now);
}

void Quarantine(Board& board, const std::string& reason, absl::Time now) {
  if (board.state() == Board::QUARANTINED && board.reason() == reason) return;
  Change(board, Board::QUARANTINED, reason, now);
}

absl::Status Return(Board& board, absl::Time now) {
  if (board.state() != Board::DRAINED && board.state() != Board::QUARANTINED) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is %s, must be DRAINED or QUARANTINED to be returned", board.name(),
                        Board::State_Name(board.state())));
  }
  board.set_failures(0);
  BeginCheck(board, now);
  return absl::OkStatus();
}

void SetTask(Board& board, const std::string& task, absl::Time now) {
  board.set_task(task);
  if (!InService(board)) return;
  board.set_state(task.empty() ? Board::IDLE : Board::MEASURING);
  *board.mutable_update_time() = ToTimestamp(now);
}

}  // namespace boardloop
