// Opens the database file as this project uses it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/store/sqlite_database.h"

namespace boardloop {

// Links resolved, so that a database has one name and one lock.
std::string ResolveDatabasePath(const std::string& path);

// The one connection to the database, with its pragmas (docs/formats/database.md): exclusive, write-ahead log, synced
// at each commit. The caller holds the DatabaseLock.
//
// FAILED_PRECONDITION  another process uses the file; it is read-only, of another program or of a newer version
// DATA_LOSS            not a database, or a damaged one
// RESOURCE_EXHAUSTED   the disk is full
absl::StatusOr<std::unique_ptr<SqliteDatabase>> OpenDatabase(const std::string& path,
                                                             SqliteDatabase::Mode mode);

}  // namespace boardloop
