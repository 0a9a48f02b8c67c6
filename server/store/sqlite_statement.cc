#include "server/store/sqlite_statement.h"

#include <utility>

#include "server/store/sqlite_error.h"

namespace boardloop {

std::string SqlText(const SqlValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "NULL";
}

Statement::Statement(CachedStatement& cached) : cached_(&cached), statement_(cached.handle.get()) {
  cached.used = true;
}

Statement::Statement(StatementHandle own) : own_(std::move(own)), statement_(own_.get()) {}

Statement::Statement(Statement&& other) noexcept
    : cached_(std::exchange(other.cached_, nullptr)),
      own_(std::move(other.own_)),
      statement_(std::exchange(other.statement_, nullptr)),
      error_(std::move(other.error_)),
      bound_(other.bound_) {}

Statement::~Statement() {
  if (cached_ == nullptr) return;
  sqlite3_reset(statement_);  // Repeats the error of the last step, which Step has returned.
  sqlite3_clear_bindings(statement_);  // Frees large values.
  cached_->used = false;
}

void Statement::Check(int code) {
  if (code == SQLITE_OK || !error_.ok()) return;
  error_ = SqliteError(sqlite3_db_handle(statement_), code,
                       "cannot bind a value to " + std::string(sqlite3_sql(statement_)));
}

Statement& Statement::Bind(int64_t value) {
  if (error_.ok()) Check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::Bind(const std::string& text) {
  if (error_.ok()) {
    Check(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
  }
  return *this;
}

Statement& Statement::BindBytes(const std::string& bytes) {
  if (error_.ok()) {
    Check(sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::BindNull() {
  if (error_.ok()) Check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

Statement& Statement::BindValue(const SqlValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return Bind(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return Bind(*text);
  return BindNull();
}

Statement& Statement::BindValues(const std::vector<SqlValue>& values) {
  for (const SqlValue& value : values) BindValue(value);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (!error_.ok()) return error_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  error_ = SqliteError(sqlite3_db_handle(statement_), code,
                       "cannot run " + std::string(sqlite3_sql(statement_)));
  return error_;
}

absl::Status Statement::Run() {
  while (true) {
    absl::StatusOr<bool> row = Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
  }
}

std::string Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

SqlValue Statement::Value(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL:
      return std::monostate();
    case SQLITE_INTEGER:
      return Int(column);
    default:
      return Bytes(column);
  }
}

}  // namespace boardloop
