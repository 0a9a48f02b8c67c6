// The life of a board: what its agent's reports, its results and an operator's orders make of its row. Pure functions.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boardloop/v1/board.pb.h"
#include "boardloop/v1/task_service.pb.h"
#include "server/scheduler/task_rules.h"

namespace boardloop {

struct BoardLimits {
  int32_t failures = 3;  // In a row, of measurements and checks, until it is quarantined.
  absl::Duration check_interval = absl::Hours(1);  // Between self checks of an idle board.
  absl::Duration quarantine = absl::Minutes(10);   // Until it is checked again by itself.
};

bool InService(const v1::Board& board);  // IDLE or MEASURING.

// What the report of `agent` says. A board that appears, or whose agent comes back, is checked before it is offered; a good check
// brings it into service. A bad one counts as a failure: the board is checked again, and quarantined after `limits.failures` of them.
// What the agent says of it quarantines it at once.
// restarted  the agent is another process than before: what it had checked is checked again
void ApplyReport(v1::Board& board, const v1::BoardReport& report, const std::string& agent,
                 bool restarted, const BoardLimits& limits, absl::Time now);

// After a measurement on it: a failure of candidate or board is counted, a success ends the row of them.
void ApplyResult(v1::Board& board, Fault fault, const std::string& message,
                 const BoardLimits& limits, absl::Time now);

// Nobody answers for it: `reason` says why.
void MarkOffline(v1::Board& board, const std::string& reason, absl::Time now);

// Whether it is time to check it: an idle board now and then, a quarantined one after a while.
bool CheckIsDue(const v1::Board& board, const BoardLimits& limits, absl::Time now);
// CHECKING, with a number that no check had.
void BeginCheck(v1::Board& board, absl::Time now);

void Drain(v1::Board& board, const std::string& reason, absl::Time now);
void Quarantine(v1::Board& board, const std::string& reason, absl::Time now);
// FAILED_PRECONDITION  neither drained nor quarantined
absl::Status Return(v1::Board& board, absl::Time now);

// Between IDLE and MEASURING, as `task` says ("" for none).
void SetTask(v1::Board& board, const std::string& task, absl::Time now);

}  // namespace boardloop
