// A connection to a SQLite database, with its compiled statements.
//
// Not thread-safe: one thread at a time uses it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_statement.h"

namespace boardloop {

class SqliteDatabase {
 public:
  enum class Mode {
    kCreate,    // Made when it is not there.
    kExisting,  // Must be there.
    kMemory,    // In memory; the path is ignored.
  };

  // Errors as in sqlite_error.h. Nothing is read yet: a file that is no database is found later.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path, Mode mode);

  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;
  ~SqliteDatabase();

  // The statement of `sql`, compiled at its first use and kept. `sql` has no values: they are bound.
  Statement Use(const std::string& sql);
  // Runs statements that are separated by semicolons and used once.
  absl::Status Execute(const std::string& sql);
  // The only number that `sql` gives.
  absl::StatusOr<int64_t> Number(const std::string& sql);
  // `sql` with values bound, run to its end.
  absl::Status Run(const std::string& sql, const std::vector<SqlValue>& values);

  // Rows that the newest statement changed.
  int64_t Changes() const { return sqlite3_changes64(handle_); }
  // False: SQLite itself has rolled the transaction back.
  bool InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  int last_code() const { return sqlite3_extended_errcode(handle_); }

  // All that was compiled so far; for tests of query plans.
  std::vector<std::string> CompiledSql() const;

  sqlite3* handle() { return handle_; }

 private:
  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}

  absl::StatusOr<StatementHandle> Compile(const std::string& sql);

  sqlite3* handle_;
  std::unordered_map<std::string, CachedStatement> statements_;
};

}  // namespace boardloop
