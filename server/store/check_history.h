// Whether what rows say happened can have happened: for tests after kills, and for operators.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/store/sqlite_database.h"

namespace boardloop {

// Adds one line for each finding, at most 100 of a kind. The tables are whole (check.h). Checked are:
// - tasks: an ended one has a result and a time, another one has neither; no more attempts and losses than grants;
// - results that came late: of an epoch that was granted; a repeated one says what was counted;
// - candidates: numbered from 1, generation by generation; one score and one measurement were accepted of each, or the measurement is from
//   the cache; they are what its row says;
// - searches: one training, and of each finalist one specialization and one verification; nothing runs for one that has ended; the
//   winner was specialized and verified;
// - counts of members and boards: every result that was accepted, once.
absl::Status CheckHistory(SqliteDatabase& db, std::vector<std::string>& findings);

}  // namespace boardloop
