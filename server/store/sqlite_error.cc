#include "server/store/sqlite_error.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

// SQLite knows ENOSPC only; a quota and a limit on file sizes are the same to whoever must act.
bool IsFull(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

absl::StatusCode CodeOf(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
      return IsFull(system_error) ? absl::StatusCode::kResourceExhausted
                                  : absl::StatusCode::kUnavailable;
    case SQLITE_CANTOPEN:
      return IsFull(system_error) ? absl::StatusCode::kResourceExhausted
                                  : absl::StatusCode::kFailedPrecondition;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_FOREIGNKEY ? absl::StatusCode::kFailedPrecondition
                                                  : absl::StatusCode::kInvalidArgument;
    case SQLITE_TOOBIG:
      return absl::StatusCode::kInvalidArgument;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

// What SQLite's own text leaves open.
std::string Explanation(int code, int system_error) {
  const int primary = code & 0xff;
  if (primary == SQLITE_BUSY) return "another process uses it";
  if (code == SQLITE_CONSTRAINT_FOREIGNKEY) {
    return "it refers to a row that is not there, or is referred to";
  }
  const bool of_the_system =
      primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  return of_the_system && system_error != 0 ? std::strerror(system_error) : "";
}

int LastErrno(sqlite3_file* file) {
  int error = 0;
  // A journal in memory has no such call.
  if (file != nullptr && file->pMethods != nullptr && file->pMethods->xFileControl != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
  }
  return error;
}

// What the system said. sqlite3_system_errno knows it of some calls only, not of COMMIT: the files keep it.
int SystemError(sqlite3* db) {
  if (db == nullptr) return 0;
  int error = sqlite3_system_errno(db);
  for (int op : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    if (error == 0 && sqlite3_file_control(db, "main", op, &file) == SQLITE_OK) {
      error = LastErrno(file);
    }
  }
  return error;
}

}  // namespace

absl::Status SqliteError(sqlite3* db, int code, const std::string& doing) {
  // The connection's message belongs to its newest call, which need not be the one that failed.
  const bool newest = db != nullptr && sqlite3_extended_errcode(db) == code;
  std::string text =
      absl::StrFormat("%s: %s", doing, newest ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  const int system_error = SystemError(db);
  const std::string explanation = Explanation(code, system_error);
  if (!explanation.empty()) text += " (" + explanation + ")";
  return absl::Status(CodeOf(code, system_error), text);
}

bool LeavesDiskUnknown(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace boardloop
