#include "server/store/open_database.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/migrations.h"

namespace boardloop {
namespace {

// Before the first access: the index of the log is then kept in memory, and no file is shared.
// temp_store stays FILE: what a savepoint must remember is a list in memory up to 64 KiB, and SQLite walks it at the end of each
// statement; a transaction of 10,000 tasks took seconds with MEMORY.
constexpr char kConnection[] = R"sql(PRAGMA locking_mode = EXCLUSIVE;
PRAGMA foreign_keys = ON;
PRAGMA cell_size_check = ON;
PRAGMA mmap_size = 0;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 0;
)sql";

absl::Status UseWriteAheadLog(SqliteDatabase& db) {
  Statement statement = db.Use("PRAGMA journal_mode = WAL");
  BL_RETURN_IF_ERROR(statement.Step().status());
  const std::string mode = statement.Text(0);
  if (mode == "wal") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("its journal mode is %s, must be wal: its file system lacks locks", mode));
}

}  // namespace

std::string ResolveDatabasePath(const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::weakly_canonical(path, error).string();
  return error ? path : real;
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> OpenDatabase(const std::string& path,
                                                             SqliteDatabase::Mode mode) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(path, mode));
  BL_RETURN_IF_ERROR(db->Execute(kConnection));
  // Before anything is written: a file of another program stays as it is. What is no database shows here, too.
  BL_RETURN_IF_ERROR(CheckIdentity(*db));
  BL_RETURN_IF_ERROR(UseWriteAheadLog(*db));
  // After a transaction that was larger than usual the log is cut to 64 MiB again.
  BL_RETURN_IF_ERROR(
      db->Execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"));
  return db;
}

}  // namespace boardloop
