#include "server/store/tables.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace boardloop {
namespace {

// A column that is NULL where the message has nothing: its index leaves such rows out.
SqlValue OrNull(const std::string& text) { return text.empty() ? SqlValue() : SqlValue(text); }
SqlValue OrNull(int64_t number) { return number == 0 ? SqlValue() : SqlValue(number); }
SqlValue Number(int64_t number) { return number; }

}  // namespace

template <>
const Table<v1::Search>& TableOf() {
  static const auto* table =
      new Table<v1::Search>{"searches", {"name", "state"}, 1, [](const v1::Search& row) {
                              return std::vector<SqlValue>{row.name(), Number(row.state())};
                            }};
  return *table;
}

template <>
const Table<v1::Candidate>& TableOf() {
  static const auto* table = new Table<v1::Candidate>{
      "candidates", {"search", "number", "state"}, 2, [](const v1::Candidate& row) {
        const CandidateKey key = *ParseCandidateName(row.name());
        return std::vector<SqlValue>{key.search, key.number, Number(row.state())};
      }};
  return *table;
}

template <>
const Table<store::Task>& TableOf() {
  static const auto* table = new Table<store::Task>{
      "tasks",
      {"id", "owner", "candidate", "kind", "state", "priority", "requirement", "holder",
       "create_time_ms"},
      1,
      [](const store::Task& row) {
        return std::vector<SqlValue>{
            row.id(),           row.owner(),          OrNull(row.candidate()),
            Number(row.kind()), Number(row.state()),  Number(row.priority()),
            row.requirement(),  OrNull(row.holder()), row.create_time_ms()};
      }};
  return *table;
}

template <>
const Table<store::LateResult>& TableOf() {
  static const auto* table =
      new Table<store::LateResult>{"late_results", {"task"}, 0, [](const store::LateResult& row) {
                                     return std::vector<SqlValue>{row.task()};
                                   }};
  return *table;
}

template <>
const Table<v1::Board>& TableOf() {
  static const auto* table = new Table<v1::Board>{
      "boards", {"name", "board_type", "state"}, 1, [](const v1::Board& row) {
        return std::vector<SqlValue>{row.name(), row.board_type(), Number(row.state())};
      }};
  return *table;
}

template <>
const Table<v1::Member>& TableOf() {
  static const auto* table = new Table<v1::Member>{
      "members", {"name", "kind", "state"}, 1, [](const v1::Member& row) {
        return std::vector<SqlValue>{row.name(), Number(row.kind()), Number(row.state())};
      }};
  return *table;
}

template <>
const Table<v1::MeasurementJob>& TableOf() {
  static const auto* table = new Table<v1::MeasurementJob>{
      "measurements", {"name", "state"}, 1, [](const v1::MeasurementJob& row) {
        return std::vector<SqlValue>{row.name(), Number(row.state())};
      }};
  return *table;
}

template <>
const Table<store::CachedMeasurement>& TableOf() {
  static const auto* table = new Table<store::CachedMeasurement>{
      "measurement_cache",
      {"key", "board_type", "time_ms"},
      1,
      [](const store::CachedMeasurement& row) {
        return std::vector<SqlValue>{row.key(), row.board_type(), row.time_ms()};
      }};
  return *table;
}

template <>
const Table<store::Predictor>& TableOf() {
  static const auto* table =
      new Table<store::Predictor>{"predictors", {"board_type"}, 1, [](const store::Predictor& row) {
                                    return std::vector<SqlValue>{row.board_type()};
                                  }};
  return *table;
}

template <>
const Table<v1::Event>& TableOf() {
  static const auto* table = new Table<v1::Event>{
      "events", {"sequence", "subject", "of_search"}, 1, [](const v1::Event& row) {
        return std::vector<SqlValue>{row.sequence(), row.subject(),
                                     Number(IsSearch(row.subject()) ? 1 : 0)};
      }};
  return *table;
}

template <>
const Table<store::Request>& TableOf() {
  static const auto* table = new Table<store::Request>{
      "requests", {"request_id", "time_ms"}, 1, [](const store::Request& row) {
        return std::vector<SqlValue>{row.request_id(), row.time_ms()};
      }};
  return *table;
}

template <>
const Table<store::ArtifactRow>& TableOf() {
  static const auto* table = new Table<store::ArtifactRow>{
      "artifacts",
      {"sha256", "size_bytes", "create_time_ms"},
      1,
      [](const store::ArtifactRow& row) {
        return std::vector<SqlValue>{row.sha256(), row.size_bytes(), row.create_time_ms()};
      }};
  return *table;
}

template <>
const Table<store::Token>& TableOf() {
  static const auto* table = new Table<store::Token>{
      "tokens", {"sha256", "expire_time_ms"}, 1, [](const store::Token& row) {
        return std::vector<SqlValue>{row.sha256(), row.expire_time_ms()};
      }};
  return *table;
}

template <>
const Table<store::KnownIdentity>& TableOf() {
  static const auto* table = new Table<store::KnownIdentity>{
      "identities", {"identity"}, 1, [](const store::KnownIdentity& row) {
        return std::vector<SqlValue>{row.identity()};
      }};
  return *table;
}

namespace internal {

std::string InsertSql(const std::string& table, const std::vector<std::string>& columns) {
  std::string parameters = "?";
  for (size_t i = 0; i < columns.size(); ++i) parameters += ", ?";
  return absl::StrCat("INSERT INTO ", table, " (", absl::StrJoin(columns, ", "),
                      ", message) VALUES (", parameters, ")");
}

std::string UpsertSql(const std::string& table, const std::vector<std::string>& columns, int keys) {
  const auto first_value = columns.begin() + keys;
  std::string sql =
      absl::StrCat(InsertSql(table, columns), " ON CONFLICT (",
                   absl::StrJoin(columns.begin(), first_value, ", "), ") DO UPDATE SET ");
  for (auto column = first_value; column != columns.end(); ++column) {
    absl::StrAppend(&sql, *column, " = excluded.", *column, ", ");
  }
  return sql + "message = excluded.message";
}

// The keys are not set to what they are: SQLite would take that for a new row.
std::string UpdateSql(const std::string& table, const std::vector<std::string>& columns, int keys) {
  std::vector<std::string> values, conditions;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::vector<std::string>& list = static_cast<int>(i) < keys ? conditions : values;
    list.push_back(absl::StrCat(columns[i], " = ?", i + 1));
  }
  values.push_back(absl::StrCat("message = ?", columns.size() + 1));
  return absl::StrCat("UPDATE ", table, " SET ", absl::StrJoin(values, ", "), " WHERE ",
                      absl::StrJoin(conditions, " AND "));
}

std::string SelectSql(const std::string& table, const std::vector<std::string>& columns, int keys) {
  return absl::StrCat("SELECT message FROM ", table, " WHERE ",
                      absl::StrJoin(columns.begin(), columns.begin() + keys, " = ? AND "), " = ?");
}

}  // namespace internal
}  // namespace boardloop
