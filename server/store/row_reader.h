// Messages out of statements.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/sqlite_database.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace boardloop {

// The message in column 0. `where` says which row it is.
//
// DATA_LOSS  its bytes are not such a message
template <typename Row>
absl::StatusOr<Row> ParseRow(const Statement& statement, const std::string& where) {
  Row row;
  const std::string bytes = statement.Bytes(0);
  if (row.ParseFromString(bytes)) return row;
  return absl::DataLossError(absl::StrFormat("the message of %s %s (%d B) does not parse",
                                             TableOf<Row>().name, where, bytes.size()));
}

// The row with a key.
template <typename Row>
absl::StatusOr<std::optional<Row>> ReadOne(SqliteDatabase& db, const std::vector<SqlValue>& key) {
  static const std::string* sql = new std::string(SelectSql(TableOf<Row>()));
  Statement find = db.Use(*sql);
  find.BindValues(key);
  BL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<Row>();
  auto text = [](std::string* out, const SqlValue& value) { out->append(SqlText(value)); };
  BL_ASSIGN_OR_RETURN(Row row, ParseRow<Row>(find, "row " + absl::StrJoin(key, ", ", text)));
  return std::optional<Row>(std::move(row));
}

// All rows of a query whose column 0 is the message.
template <typename Row>
absl::StatusOr<std::vector<Row>> ReadRows(Statement& query) {
  std::vector<Row> rows;
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, query.Step());
    if (!more) return rows;
    BL_ASSIGN_OR_RETURN(Row row,
                        ParseRow<Row>(query, absl::StrFormat("row %d of a list", rows.size())));
    rows.push_back(std::move(row));
  }
}

// The same, with the position of each in column 1.
template <typename Row>
absl::StatusOr<std::vector<Listed<Row>>> ReadListed(Statement& query) {
  std::vector<Listed<Row>> rows;
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, query.Step());
    if (!more) return rows;
    Listed<Row> listed;
    listed.position = query.Int(1);
    BL_ASSIGN_OR_RETURN(
        listed.row, ParseRow<Row>(query, absl::StrFormat("row at position %d", listed.position)));
    rows.push_back(std::move(listed));
  }
}

}  // namespace boardloop
