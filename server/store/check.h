// Whether a database is whole: for operators after a fault of hardware, and for tests after every crash they make.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

// Looks at every page and row of a database that nobody has open, and changes nothing. One line for each finding, at
// most 100 of each kind; none: it is whole. What is checked:
// - SQLite's own structures (integrity_check) and references (foreign_key_check);
// - tables, indexes and triggers are those of its version;
// - every message parses, and the columns beside it are what tables.h derives from it;
// - sums and counters agree with the rows;
// - a running task has a holder and an epoch of at least 1; tasks belong to a search or measurement that is there, and
//   to a candidate of it.
//
// NOT_FOUND            there is no such file
// FAILED_PRECONDITION  a server has it open (check a backup instead); of another program or a newer version
// DATA_LOSS            not a database, or damaged so that it cannot be opened
absl::StatusOr<std::vector<std::string>> CheckDatabase(const std::string& path);

// The same of a database that CheckDatabase finds whole: whether what its rows say happened can have happened (check_history.h).
absl::StatusOr<std::vector<std::string>> CheckDatabaseHistory(const std::string& path);

}  // namespace boardloop
