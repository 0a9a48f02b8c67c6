// SQLite's result codes as absl::Status.
#pragma once

#include <sqlite3.h>

#include <string>

#include "absl/status/status.h"

namespace boardloop {

// `code` is an extended result code other than SQLITE_OK, SQLITE_ROW and SQLITE_DONE; `db` may be null, and says
// more where it is not. The message is "`doing`: what SQLite says".
//
// RESOURCE_EXHAUSTED   the disk (or a quota, or a limit on file sizes) is full, or memory is
// FAILED_PRECONDITION  read-only, not accessible, used by another process, or a row refers to one that is not there
// DATA_LOSS            damaged, or not a database
// UNAVAILABLE          the disk failed
// INVALID_ARGUMENT     a value is too large or breaks a rule of its table
// INTERNAL             everything else: a bug
absl::Status SqliteError(sqlite3* db, int code, const std::string& doing);

// Whether it is unknown, after `code`, what is on the disk: what was written may be there or not, and trying again
// can report success for pages that the kernel has dropped.
bool LeavesDiskUnknown(int code);

}  // namespace boardloop
