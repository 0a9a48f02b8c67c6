// The schema, as numbered steps that lead to it.
//
// Invariants:
//   (1) A step that was released never changes; a change is a new step.
//   (2) A step and the version it leads to are committed together: a database is of one version, whatever stops us.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/store/sqlite_database.h"

namespace boardloop {

// In the header of the file (PRAGMA application_id): "BLdb".
inline constexpr int32_t kApplicationId = 0x424c6462;

struct Migration {
  std::string purpose;
  std::string sql;
};

// Step i leads from version i to version i + 1.
const std::vector<Migration>& Migrations();

// The newest version: the one this program works with.
int64_t SchemaVersion();

// Whether the file is ours to work with; changes nothing. An empty file is.
//
// FAILED_PRECONDITION  a SQLite file of another program, or of a newer version than this program knows
absl::Status CheckIdentity(SqliteDatabase& db);

// Brings the database to `version`, from nothing or from any older version. CheckIdentity holds.
//
// DATA_LOSS  its tables are not those of its version
absl::Status Migrate(SqliteDatabase& db, int64_t version);

// Differences between the tables, indexes and triggers that there are and those of `version`; one line each.
absl::StatusOr<std::vector<std::string>> SchemaDifferences(SqliteDatabase& db, int64_t version);

}  // namespace boardloop
