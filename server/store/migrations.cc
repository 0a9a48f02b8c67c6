#include "server/store/migrations.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/rows.pb.h"

namespace boardloop {
namespace {

// The indexes of queued tasks hold those alone: they stay small however many tasks have ended.
static_assert(store::Task::QUEUED == 1, "the SQL of the schema says state = 1");

constexpr char kTables[] = R"sql(
-- Newest numbers given out. Never lowered, so that no number is used twice.
CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('event', 0), ('task', 0);

CREATE TABLE searches (
  id INTEGER PRIMARY KEY,  -- In the order of creation.
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE INDEX searches_by_state ON searches (state, id);

CREATE TABLE candidates (
  search TEXT NOT NULL REFERENCES searches (name),
  number INTEGER NOT NULL CHECK (number >= 1),
  state INTEGER NOT NULL,
  message BLOB NOT NULL,
  UNIQUE (search, number)
) STRICT;
CREATE INDEX candidates_by_state ON candidates (search, state, number);

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  candidate INTEGER,  -- NULL: of none.
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  requirement TEXT NOT NULL,
  holder TEXT,  -- NULL: never granted.
  create_time_ms INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE INDEX tasks_by_state ON tasks (state, id);
CREATE INDEX tasks_by_owner ON tasks (owner, state, id);
CREATE INDEX tasks_by_candidate ON tasks (owner, candidate, id) WHERE candidate IS NOT NULL;
CREATE INDEX tasks_by_holder ON tasks (holder, state, id) WHERE holder IS NOT NULL;
CREATE INDEX tasks_queue ON tasks (kind, requirement, owner, priority DESC, id) WHERE state = 1;
CREATE INDEX tasks_waiting ON tasks (kind, requirement, owner, create_time_ms) WHERE state = 1;

CREATE TABLE late_results (
  id INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES tasks (id),
  message BLOB NOT NULL
) STRICT;
CREATE INDEX late_results_by_task ON late_results (task, id);

CREATE TABLE boards (
  name TEXT NOT NULL PRIMARY KEY,
  board_type TEXT NOT NULL,
  state INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;

CREATE TABLE members (
  name TEXT NOT NULL PRIMARY KEY,
  kind INTEGER NOT NULL,
  state INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;

CREATE TABLE measurements (
  id INTEGER PRIMARY KEY,  -- In the order of creation.
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;

CREATE TABLE measurement_cache (
  key TEXT NOT NULL PRIMARY KEY,
  board_type TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE INDEX measurement_cache_by_board_type ON measurement_cache (board_type, time_ms DESC, key);

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  of_search INTEGER NOT NULL CHECK (of_search IN (0, 1)),
  message BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject, sequence);
CREATE INDEX events_of_farm ON events (sequence) WHERE of_search = 0;

CREATE TABLE requests (
  request_id TEXT NOT NULL PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE INDEX requests_by_time ON requests (time_ms);

CREATE TABLE artifacts (
  sha256 TEXT NOT NULL PRIMARY KEY,
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  create_time_ms INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;

CREATE TABLE artifact_references (
  sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
  owner TEXT NOT NULL,
  PRIMARY KEY (sha256, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_references_by_owner ON artifact_references (owner, sha256);
)sql";

// Sums that would otherwise be counted anew by each question. Triggers keep them, so that no writer can forget to.
constexpr char kSums[] = R"sql(
CREATE TABLE task_counts (
  state INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  requirement TEXT NOT NULL,
  owner TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (state, kind, requirement, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_counts_by_owner ON task_counts (owner, state, kind, requirement, count);
INSERT INTO task_counts
  SELECT state, kind, requirement, owner, count(*) FROM tasks GROUP BY state, kind, requirement, owner;

CREATE TRIGGER task_counts_insert AFTER INSERT ON tasks BEGIN
  INSERT INTO task_counts VALUES (new.state, new.kind, new.requirement, new.owner, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER task_counts_update AFTER UPDATE OF state, kind, requirement, owner ON tasks
WHEN old.state <> new.state OR old.kind <> new.kind OR old.requirement <> new.requirement
  OR old.owner <> new.owner BEGIN
  UPDATE task_counts SET count = count - 1 WHERE state = old.state AND kind = old.kind
    AND requirement = old.requirement AND owner = old.owner;
  DELETE FROM task_counts WHERE state = old.state AND kind = old.kind
    AND requirement = old.requirement AND owner = old.owner AND count = 0;
  INSERT INTO task_counts VALUES (new.state, new.kind, new.requirement, new.owner, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER task_counts_delete AFTER DELETE ON tasks BEGIN
  UPDATE task_counts SET count = count - 1 WHERE state = old.state AND kind = old.kind
    AND requirement = old.requirement AND owner = old.owner;
  DELETE FROM task_counts WHERE state = old.state AND kind = old.kind
    AND requirement = old.requirement AND owner = old.owner AND count = 0;
END;

ALTER TABLE artifacts ADD COLUMN reference_count INTEGER NOT NULL DEFAULT 0;
UPDATE artifacts SET reference_count =
  (SELECT count(*) FROM artifact_references WHERE artifact_references.sha256 = artifacts.sha256);
CREATE INDEX artifacts_unreferenced ON artifacts (create_time_ms, sha256) WHERE reference_count = 0;
CREATE TRIGGER reference_count_insert AFTER INSERT ON artifact_references BEGIN
  UPDATE artifacts SET reference_count = reference_count + 1 WHERE sha256 = new.sha256;
END;
CREATE TRIGGER reference_count_delete AFTER DELETE ON artifact_references BEGIN
  UPDATE artifacts SET reference_count = reference_count - 1 WHERE sha256 = old.sha256;
END;

INSERT INTO counters SELECT 'artifact_bytes', coalesce(sum(size_bytes), 0) FROM artifacts;
CREATE TRIGGER artifact_bytes_insert AFTER INSERT ON artifacts BEGIN
  UPDATE counters SET value = value + new.size_bytes WHERE name = 'artifact_bytes';
END;
CREATE TRIGGER artifact_bytes_update AFTER UPDATE OF size_bytes ON artifacts BEGIN
  UPDATE counters SET value = value + new.size_bytes - old.size_bytes WHERE name = 'artifact_bytes';
END;
CREATE TRIGGER artifact_bytes_delete AFTER DELETE ON artifacts BEGIN
  UPDATE counters SET value = value - old.size_bytes WHERE name = 'artifact_bytes';
END;
)sql";

constexpr char kPredictors[] = R"sql(
CREATE TABLE predictors (
  board_type TEXT NOT NULL PRIMARY KEY,
  message BLOB NOT NULL
) STRICT;
)sql";

constexpr char kIdentities[] = R"sql(
CREATE TABLE tokens (
  sha256 TEXT NOT NULL PRIMARY KEY,  -- Of the secret, which is nowhere.
  expire_time_ms INTEGER NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE INDEX tokens_by_expire_time ON tokens (expire_time_ms);

CREATE TABLE revocations (
  identity TEXT NOT NULL PRIMARY KEY,
  message BLOB NOT NULL
) STRICT;
)sql";

// A row that says who is refused has the fields of one that says who is known.
constexpr char kKnownIdentities[] = R"sql(
ALTER TABLE revocations RENAME TO identities;
)sql";

absl::Status Apply(SqliteDatabase& db, int64_t version) {
  const Migration& migration = Migrations()[static_cast<size_t>(version - 1)];
  // Pragmas take no parameters; these are numbers of ours.
  absl::Status status = db.Execute(
      absl::StrFormat("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d; PRAGMA user_version = %d;",
                      migration.sql, kApplicationId, version));
  if (status.ok()) status = db.Execute("COMMIT");
  if (status.ok()) return status;
  if (db.InTransaction()) db.Execute("ROLLBACK").IgnoreError();  // The first error counts.
  return Annotate(status,
                  absl::StrFormat("migration to version %d (%s)", version, migration.purpose));
}

absl::StatusOr<std::vector<std::string>> Objects(SqliteDatabase& db) {
  std::vector<std::string> objects;
  Statement list = db.Use(
      "SELECT type || ' ' || name || ' on ' || tbl_name, sql FROM sqlite_schema "
      "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY 1");
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool row, list.Step());
    if (!row) return objects;
    objects.push_back(list.Text(0) + ": " + list.Text(1));
  }
}

// Those of `a` that are not in `b`; both sorted.
void AddMissing(const std::vector<std::string>& a, const std::vector<std::string>& b,
                const std::string& what, std::vector<std::string>* findings) {
  std::vector<std::string> missing;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(missing));
  for (const std::string& object : missing) {
    findings->push_back(what + object.substr(0, object.find(':')));
  }
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const auto* migrations = new std::vector<Migration>{
      {"tables", kTables},
      {"sums kept by triggers", kSums},
      {"predictors of board types", kPredictors},
      {"join tokens and revocations", kIdentities},
      {"identities that are known", kKnownIdentities},
  };
  return *migrations;
}

int64_t SchemaVersion() { return static_cast<int64_t>(Migrations().size()); }

absl::Status CheckIdentity(SqliteDatabase& db) {
  BL_ASSIGN_OR_RETURN(const int64_t application, db.Number("PRAGMA application_id"));
  BL_ASSIGN_OR_RETURN(const int64_t version, db.Number("PRAGMA user_version"));
  if (application != kApplicationId) {
    // A file without any table is one that we were stopped from filling.
    BL_ASSIGN_OR_RETURN(const int64_t objects, db.Number("SELECT count(*) FROM sqlite_schema"));
    if (application == 0 && objects == 0 && version == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrFormat("it is a SQLite file of another program (application_id %d, must be %d)",
                        application, kApplicationId));
  }
  if (version >= 1 && version <= SchemaVersion()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("it has version %d, this program knows versions 1 to %d: use a newer program",
                      version, SchemaVersion()));
}

absl::Status Migrate(SqliteDatabase& db, int64_t version) {
  BL_ASSIGN_OR_RETURN(const int64_t found, db.Number("PRAGMA user_version"));
  if (found > 0) {
    BL_ASSIGN_OR_RETURN(std::vector<std::string> differences, SchemaDifferences(db, found));
    if (!differences.empty()) {
      return absl::DataLossError(absl::StrFormat("its tables are not those of version %d: %s",
                                                 found, absl::StrJoin(differences, ", ")));
    }
  }
  for (int64_t next = found + 1; next <= version; ++next) {
    BL_RETURN_IF_ERROR(Apply(db, next));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SchemaDifferences(SqliteDatabase& db, int64_t version) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> reference,
                      SqliteDatabase::Open("", SqliteDatabase::Mode::kMemory));
  for (int64_t step = 1; step <= version; ++step) BL_RETURN_IF_ERROR(Apply(*reference, step));
  BL_ASSIGN_OR_RETURN(std::vector<std::string> wanted, Objects(*reference));
  BL_ASSIGN_OR_RETURN(std::vector<std::string> found, Objects(db));
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  std::vector<std::string> findings;
  AddMissing(wanted, found, "missing or changed: ", &findings);
  AddMissing(found, wanted, "not of this version: ", &findings);
  return findings;
}

}  // namespace boardloop
