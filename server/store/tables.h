// How each kind of row lies in its table: the columns by which it is found, and its message in the column `message`.
//
// The columns are a function of the message, so that there is one truth: writes compute them, and CheckDatabase
// compares them. docs/formats/database.md describes the tables.
#pragma once

#include <string>
#include <vector>

#include "server/store/row_rules.h"
#include "server/store/sqlite_statement.h"

namespace boardloop {

template <typename Row>
struct Table {
  std::string name;
  std::vector<std::string> columns;  // Derived; the first `keys` identify the row.
  int keys = 1;
  // Values of `columns`. The row holds CheckRow.
  std::vector<SqlValue> (*derive)(const Row& row) = nullptr;
};

// Of each kind of row that row_rules.h lists.
template <typename Row>
const Table<Row>& TableOf();

// SQL with a parameter for each column, then one for the message.
template <typename Row>
std::string InsertSql(const Table<Row>& table);
// The same, replacing a row of the same key.
template <typename Row>
std::string UpsertSql(const Table<Row>& table);
// The same, changing a row that is there.
template <typename Row>
std::string UpdateSql(const Table<Row>& table);
// SQL that finds the message by a parameter for each key.
template <typename Row>
std::string SelectSql(const Table<Row>& table);

// ---- Implementation

namespace internal {
std::string InsertSql(const std::string& table, const std::vector<std::string>& columns);
std::string UpsertSql(const std::string& table, const std::vector<std::string>& columns, int keys);
std::string UpdateSql(const std::string& table, const std::vector<std::string>& columns, int keys);
std::string SelectSql(const std::string& table, const std::vector<std::string>& columns, int keys);
}  // namespace internal

template <typename Row>
std::string InsertSql(const Table<Row>& table) {
  return internal::InsertSql(table.name, table.columns);
}
template <typename Row>
std::string UpsertSql(const Table<Row>& table) {
  return internal::UpsertSql(table.name, table.columns, table.keys);
}
template <typename Row>
std::string UpdateSql(const Table<Row>& table) {
  return internal::UpdateSql(table.name, table.columns, table.keys);
}
template <typename Row>
std::string SelectSql(const Table<Row>& table) {
  return internal::SelectSql(table.name, table.columns, table.keys);
}

}  // namespace boardloop
