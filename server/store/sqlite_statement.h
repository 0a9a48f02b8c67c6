// Statements of SQLite: values are bound in order, then rows are stepped through.
//
//   Statement find = db.Use("SELECT message FROM tasks WHERE id = ?");
//   find.Bind(id);
//   BL_ASSIGN_OR_RETURN(const bool found, find.Step());
//   if (found) bytes = find.Bytes(0);
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// NULL, a number or a text.
using SqlValue = std::variant<std::monostate, int64_t, std::string>;

std::string SqlText(const SqlValue& value);  // For messages.

// A compiled statement, owned.
struct StatementDeleter {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

// A slot of the connection's cache.
struct CachedStatement {
  StatementHandle handle;
  bool used = false;
};

// One use of a statement. An error of preparing or binding is kept until Step or Run, so that calls can be chained.
// Must not outlive its connection; ends before that commits.
class Statement {
 public:
  // Of the cache: goes back there at the end of its life.
  explicit Statement(CachedStatement& cached);
  // Its own, for SQL that is not repeated, or repeated while the cached one is in use.
  explicit Statement(StatementHandle own);
  // One that could not be prepared.
  explicit Statement(absl::Status error) : error_(std::move(error)) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds the next parameter.
  Statement& Bind(int64_t value);
  Statement& Bind(const std::string& text);
  Statement& BindBytes(const std::string& bytes);
  Statement& BindNull();
  Statement& BindValue(const SqlValue& value);
  Statement& BindValues(const std::vector<SqlValue>& values);

  // Goes to the next row; false: there is none. Errors as in sqlite_error.h.
  absl::StatusOr<bool> Step();
  // To the end, whatever rows there are.
  absl::Status Run();

  // Columns of the current row, from 0.
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) const { return Bytes(column); }
  std::string Bytes(int column) const;
  SqlValue Value(int column) const;

 private:
  void Check(int code);

  CachedStatement* cached_ = nullptr;
  StatementHandle own_;
  sqlite3_stmt* statement_ = nullptr;
  absl::Status error_;
  int bound_ = 0;
};

}  // namespace boardloop
