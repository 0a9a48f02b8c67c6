#include "server/store/check.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/check_history.h"
#include "server/store/database_lock.h"
#include "server/store/findings.h"
#include "server/store/migrations.h"
#include "server/store/open_database.h"
#include "server/store/row_reader.h"
#include "server/store/tables.h"

namespace boardloop {
namespace {

using Findings = std::vector<std::string>;

// Each row of `sql` is a finding: its only column says what is wrong.
absl::Status ReportRows(SqliteDatabase& db, const std::string& sql, Findings& findings) {
  Reporter reporter(findings);
  Statement query = db.Use(sql);
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, query.Step());
    if (!more) return absl::OkStatus();
    reporter.Add(query.Text(0));
  }
}

absl::Status CheckStructure(SqliteDatabase& db, Findings& findings) {
  return ReportRows(db,
                    "SELECT 'structure: ' || integrity_check FROM pragma_integrity_check "
                    "WHERE integrity_check <> 'ok'",
                    findings);
}

absl::Status CheckReferences(SqliteDatabase& db, Findings& findings) {
  return ReportRows(db,
                    "SELECT 'a row of ' || \"table\" || ' refers to a row of ' || parent || "
                    "' that is not there' FROM pragma_foreign_key_check",
                    findings);
}

// A message that says what its columns say.
template <typename Row>
absl::Status CheckTable(SqliteDatabase& db, Findings& findings) {
  const Table<Row>& table = TableOf<Row>();
  Reporter reporter(findings);
  Statement rows = db.Use(
      absl::StrCat("SELECT message, ", absl::StrJoin(table.columns, ", "), " FROM ", table.name));
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return absl::OkStatus();
    const std::string where = absl::StrCat("with ", table.columns[0], " ", SqlText(rows.Value(1)));
    absl::StatusOr<Row> row = ParseRow<Row>(rows, where);
    absl::Status valid = row.status();
    if (valid.ok()) valid = Annotate(CheckRow(*row), absl::StrCat(table.name, " ", where));
    if (!valid.ok()) {
      reporter.Add(std::string(valid.message()));
      continue;
    }
    const std::vector<SqlValue> derived = table.derive(*row);
    for (size_t i = 0; i < derived.size(); ++i) {
      const SqlValue stored = rows.Value(static_cast<int>(i) + 1);
      if (stored == derived[i]) continue;
      reporter.Add(absl::StrFormat("%s %s: column %s is %s, its message says %s", table.name, where,
                                   table.columns[i], SqlText(stored), SqlText(derived[i])));
    }
  }
}

absl::Status CheckTables(SqliteDatabase& db, Findings& findings) {
  BL_RETURN_IF_ERROR(CheckTable<v1::Search>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<v1::Candidate>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<store::Task>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<store::LateResult>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<v1::Board>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<v1::Member>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<v1::MeasurementJob>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<store::CachedMeasurement>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<v1::Event>(db, findings));
  BL_RETURN_IF_ERROR(CheckTable<store::Request>(db, findings));
  return CheckTable<store::ArtifactRow>(db, findings);
}

absl::Status CheckRunningTasks(SqliteDatabase& db, Findings& findings) {
  Reporter reporter(findings);
  Statement running = db.Use("SELECT message, id FROM tasks WHERE state = ?");
  running.Bind(int64_t{store::Task::RUNNING});
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, running.Step());
    if (!more) return absl::OkStatus();
    absl::StatusOr<store::Task> task = ParseRow<store::Task>(running, "");
    if (!task.ok()) continue;  // Reported by CheckTable.
    if (!task->holder().empty() && task->epoch() >= 1) continue;
    reporter.Add(absl::StrFormat(
        "task %d is RUNNING with holder \"%s\" and epoch %d, must have a holder and "
        "an epoch of at least 1",
        running.Int(1), task->holder(), task->epoch()));
  }
}

absl::Status CheckOwners(SqliteDatabase& db, Findings& findings) {
  BL_RETURN_IF_ERROR(ReportRows(
      db,
      "SELECT 'task ' || id || ' belongs to ' || owner || ', which is not there' FROM tasks "
      "WHERE NOT EXISTS (SELECT 1 FROM searches WHERE name = owner) "
      "AND NOT EXISTS (SELECT 1 FROM measurements WHERE name = owner)",
      findings));
  return ReportRows(
      db,
      "SELECT 'task ' || id || ' belongs to candidate ' || candidate || ' of ' || owner || "
      "', which is not there' FROM tasks WHERE candidate IS NOT NULL AND NOT EXISTS "
      "(SELECT 1 FROM candidates WHERE search = owner AND number = candidate)",
      findings);
}

// Numbers that were given out are never given out again.
absl::Status CheckCounters(SqliteDatabase& db, Findings& findings) {
  return ReportRows(
      db,
      "SELECT 'the counter of ' || c.name || 's is ' || coalesce(k.value, 'not there') || "
      "', a row has ' || c.newest FROM (SELECT 'task' AS name, max(id) AS newest FROM tasks "
      "UNION ALL SELECT 'event', max(sequence) FROM events) AS c "
      "LEFT JOIN counters AS k ON k.name = c.name "
      "WHERE k.value IS NULL OR k.value < coalesce(c.newest, 0)",
      findings);
}

absl::Status CheckSums(SqliteDatabase& db, Findings& findings) {
  BL_RETURN_IF_ERROR(ReportRows(
      db,
      "WITH counted AS (SELECT state, kind, requirement, owner, count(*) AS count FROM tasks "
      "GROUP BY state, kind, requirement, owner), "
      "wrong AS (SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM task_counts) "
      "UNION ALL SELECT * FROM (SELECT * FROM task_counts EXCEPT SELECT * FROM counted)) "
      "SELECT DISTINCT 'the count of tasks of ' || owner || ' in state ' || state || ' of kind ' "
      "|| kind || ' for ''' || requirement || ''' is wrong' FROM wrong",
      findings));
  BL_RETURN_IF_ERROR(
      ReportRows(db,
                 "SELECT 'artifact ' || sha256 || ' counts ' || reference_count || "
                 "' references, which is wrong' FROM artifacts AS a WHERE reference_count <> "
                 "(SELECT count(*) FROM artifact_references AS r WHERE r.sha256 = a.sha256)",
                 findings));
  return ReportRows(
      db,
      "SELECT 'the sizes of artifacts add up to ' || s.bytes || ' B, the sum kept is ' || "
      "coalesce(k.value, 'not there') FROM (SELECT coalesce(sum(size_bytes), 0) AS bytes "
      "FROM artifacts) AS s LEFT JOIN counters AS k ON k.name = 'artifact_bytes' "
      "WHERE k.value IS NULL OR k.value <> s.bytes",
      findings);
}

// Nobody joined with a token more often than it allows.
absl::Status CheckTokens(SqliteDatabase& db, Findings& findings) {
  Reporter reporter(findings);
  Statement tokens = db.Use("SELECT message, sha256 FROM tokens");
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, tokens.Step());
    if (!more) return absl::OkStatus();
    absl::StatusOr<store::Token> token = ParseRow<store::Token>(tokens, "");
    if (!token.ok() || token->joined_keys_size() <= token->uses()) continue;
    reporter.Add(absl::StrFormat("token %s was used %d times, may be used %d times", tokens.Text(1),
                                 token->joined_keys_size(), token->uses()));
  }
}

using Check = absl::Status (*)(SqliteDatabase& db, Findings& findings);

// A check that damage stops is a finding, and the others still say what they can.
void Run(Check check, SqliteDatabase& db, Findings& findings) {
  const absl::Status status = check(db, findings);
  if (!status.ok()) findings.push_back("stopped: " + std::string(status.message()));
}

absl::StatusOr<Findings> CheckAll(SqliteDatabase& db) {
  BL_ASSIGN_OR_RETURN(const int64_t version, db.Number("PRAGMA user_version"));
  if (version == 0) return Findings();  // Nothing in it yet.
  BL_ASSIGN_OR_RETURN(Findings findings, SchemaDifferences(db, version));
  for (Check check : {CheckStructure, CheckReferences, CheckTables, CheckRunningTasks, CheckOwners,
                      CheckCounters}) {
    Run(check, db, findings);
  }
  if (version >= 2) Run(CheckSums, db, findings);
  if (version >= 3) Run(CheckTable<store::Predictor>, db, findings);
  if (version >= 4) {
    Run(CheckTable<store::Token>, db, findings);
    Run(CheckTokens, db, findings);
  }
  if (version >= 5) Run(CheckTable<store::KnownIdentity>, db, findings);
  return findings;
}

absl::StatusOr<Findings> HistoryFindings(SqliteDatabase& db) {
  BL_ASSIGN_OR_RETURN(const int64_t version, db.Number("PRAGMA user_version"));
  Findings findings;
  if (version > 0) Run(CheckHistory, db, findings);
  return findings;
}

// What `check` finds in a database that nobody has open and that stays as it is.
absl::StatusOr<Findings> CheckClosed(const std::string& path,
                                     absl::StatusOr<Findings> (*check)(SqliteDatabase& db)) {
  const std::string real_path = ResolveDatabasePath(path);
  if (access(real_path.c_str(), F_OK) != 0) {
    return absl::NotFoundError("there is no database " + real_path);
  }
  BL_ASSIGN_OR_RETURN(DatabaseLock lock, DatabaseLock::Take(real_path));
  auto run = [&]() -> absl::StatusOr<Findings> {
    BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db,
                        OpenDatabase(real_path, SqliteDatabase::Mode::kExisting));
    BL_RETURN_IF_ERROR(db->Execute("PRAGMA query_only = ON"));
    // Moving the log into a damaged database could make things worse.
    sqlite3_db_config(db->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return check(*db);
  };
  absl::StatusOr<Findings> findings = run();
  if (!findings.ok()) return Annotate(findings.status(), "database " + real_path);
  return findings;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CheckDatabase(const std::string& path) {
  return CheckClosed(path, CheckAll);
}

absl::StatusOr<std::vector<std::string>> CheckDatabaseHistory(const std::string& path) {
  return CheckClosed(path, HistoryFindings);
}

}  // namespace boardloop
