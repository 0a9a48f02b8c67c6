#include "server/store/sqlite_database.h"

#include <utility>

#include "core/base/status.h"
#include "glog/logging.h"
#include "server/store/sqlite_error.h"

namespace boardloop {
namespace {

// Settings against damaged and foreign files: no functions in the schema, no writes to the schema's own tables, no text
// in double quotes.
absl::Status Harden(sqlite3* db) {
  constexpr int kSettings[][2] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                  {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                  {SQLITE_DBCONFIG_DQS_DML, 0},
                                  {SQLITE_DBCONFIG_DQS_DDL, 0}};
  for (const auto& setting : kSettings) {
    const int code = sqlite3_db_config(db, setting[0], setting[1], nullptr);
    if (code != SQLITE_OK) return SqliteError(db, code, "cannot configure SQLite");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                                     Mode mode) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(mode == Mode::kMemory ? ":memory:" : path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    absl::Status error = SqliteError(handle, code, "cannot open database " + path);
    sqlite3_close(handle);
    return error;
  }
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle));
  // SQLite falls back to read-only by itself.
  if (sqlite3_db_readonly(handle, "main") == 1) {
    return absl::FailedPreconditionError("database " + path + " is read-only, must be writable");
  }
  BL_RETURN_IF_ERROR(Harden(handle));
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  statements_.clear();
  const int code = sqlite3_close(handle_);
  CHECK_EQ(code, SQLITE_OK) << "a statement or backup outlives its database";
}

absl::StatusOr<StatementHandle> SqliteDatabase::Compile(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &statement, /*pzTail=*/nullptr);
  if (code != SQLITE_OK) return SqliteError(handle_, code, "cannot prepare " + sql);
  return StatementHandle(statement);
}

Statement SqliteDatabase::Use(const std::string& sql) {
  auto found = statements_.find(sql);
  if (found != statements_.end() && !found->second.used) return Statement(found->second);
  absl::StatusOr<StatementHandle> compiled = Compile(sql);
  if (!compiled.ok()) return Statement(compiled.status());
  if (found != statements_.end()) return Statement(*std::move(compiled));
  // References into an unordered_map stay valid when it grows.
  CachedStatement& cached = statements_[sql];
  cached.handle = *std::move(compiled);
  return Statement(cached);
}

absl::Status SqliteDatabase::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return absl::OkStatus();
  return SqliteError(handle_, code, "cannot run " + sql.substr(0, sql.find('\n')));
}

absl::StatusOr<int64_t> SqliteDatabase::Number(const std::string& sql) {
  Statement statement = Use(sql);
  BL_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::InternalError(sql + " gives no row");
  return statement.Int(0);
}

absl::Status SqliteDatabase::Run(const std::string& sql, const std::vector<SqlValue>& values) {
  return Use(sql).BindValues(values).Run();
}

std::vector<std::string> SqliteDatabase::CompiledSql() const {
  std::vector<std::string> all;
  for (const auto& entry : statements_) all.push_back(entry.first);
  return all;
}

}  // namespace boardloop
