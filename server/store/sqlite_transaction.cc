#include "server/store/sqlite_transaction.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/row_reader.h"
#include "server/store/tables.h"

namespace boardloop {
namespace {

// A negative LIMIT would be none.
int64_t Limit(int32_t limit) { return std::max(0, limit); }

// Lists that go down begin above every position.
int64_t Below(const Page& page) {
  return page.after > 0 ? page.after : std::numeric_limits<int64_t>::max();
}
int64_t Above(const Page& page) { return std::max(int64_t{0}, page.after); }

bool IsFailureOfDatabase(const absl::Status& status) {
  return !status.ok() && !absl::IsFailedPrecondition(status) && !absl::IsInvalidArgument(status);
}

}  // namespace

// ---- Writing

absl::Status SqliteTransaction::CheckWritable() const {
  if (access_ == Access::kWrite) return absl::OkStatus();
  return absl::FailedPreconditionError("a write within Store::Read, must be within Store::Run");
}

absl::Status SqliteTransaction::Written(const absl::Status& status) {
  if (IsFailureOfDatabase(status)) failure_.Update(status);
  return status;
}

absl::Status SqliteTransaction::Write(const std::string& sql, const std::vector<SqlValue>& values) {
  BL_RETURN_IF_ERROR(CheckWritable());
  return Written(db_.Run(sql, values));
}

template <typename Row>
absl::Status SqliteTransaction::WriteRow(const std::string& sql, const Row& row) {
  BL_RETURN_IF_ERROR(CheckWritable());
  Statement write = db_.Use(sql);
  write.BindValues(TableOf<Row>().derive(row)).BindBytes(row.SerializeAsString());
  return Written(write.Run());
}

template <typename Row>
absl::Status SqliteTransaction::Put(const Row& row) {
  static const std::string* sql = new std::string(UpsertSql(TableOf<Row>()));
  BL_RETURN_IF_ERROR(CheckRow(row));
  return WriteRow(*sql, row);
}

absl::StatusOr<int64_t> SqliteTransaction::NextNumber(const char* counter) {
  BL_RETURN_IF_ERROR(CheckWritable());
  Statement raise = db_.Use("UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value");
  absl::StatusOr<bool> row = raise.Bind(std::string(counter)).Step();
  BL_RETURN_IF_ERROR(Written(row.status()));
  if (!*row) return absl::DataLossError(absl::StrFormat("there is no counter '%s'", counter));
  const int64_t number = raise.Int(0);
  BL_RETURN_IF_ERROR(Written(raise.Run()));
  return number;
}

// ---- Searches

absl::StatusOr<std::optional<v1::Search>> SqliteTransaction::GetSearch(const std::string& name) {
  return ReadOne<v1::Search>(db_, {name});
}

absl::Status SqliteTransaction::PutSearch(const v1::Search& search) { return Put(search); }

absl::StatusOr<std::vector<Listed<v1::Search>>> SqliteTransaction::ListSearches(
    std::optional<v1::Search::State> state, const Page& page) {
  Statement list =
      state.has_value()
          ? db_.Use(
                "SELECT message, id FROM searches WHERE state = ? AND id < ? "
                "ORDER BY id DESC LIMIT ?")
          : db_.Use("SELECT message, id FROM searches WHERE id < ? ORDER BY id DESC LIMIT ?");
  if (state.has_value()) list.Bind(int64_t{*state});
  list.Bind(Below(page)).Bind(Limit(page.limit));
  return ReadListed<v1::Search>(list);
}

absl::StatusOr<int64_t> SqliteTransaction::CountSearches(v1::Search::State state) {
  // Of the index alone: no row is read.
  Statement count =
      db_.Use("SELECT count(*) FROM searches INDEXED BY searches_by_state WHERE state = ?");
  BL_RETURN_IF_ERROR(count.Bind(int64_t{state}).Step().status());
  return count.Int(0);
}

// ---- Candidates

absl::StatusOr<std::optional<v1::Candidate>> SqliteTransaction::GetCandidate(
    const std::string& search, int64_t number) {
  return ReadOne<v1::Candidate>(db_, {search, number});
}

absl::Status SqliteTransaction::PutCandidate(const v1::Candidate& candidate) {
  return Annotate(Put(candidate), "candidate " + candidate.name());
}

absl::StatusOr<std::vector<Listed<v1::Candidate>>> SqliteTransaction::ListCandidates(
    const std::string& search, std::optional<v1::Candidate::State> state, const Page& page) {
  Statement list =
      state.has_value()
          ? db_.Use(
                "SELECT message, number FROM candidates WHERE search = ? AND state = ? "
                "AND number > ? ORDER BY number LIMIT ?")
          : db_.Use(
                "SELECT message, number FROM candidates WHERE search = ? AND number > ? "
                "ORDER BY number LIMIT ?");
  list.Bind(search);
  if (state.has_value()) list.Bind(int64_t{*state});
  list.Bind(Above(page)).Bind(Limit(page.limit));
  return ReadListed<v1::Candidate>(list);
}

// ---- Tasks; their queries are in sqlite_task_queries.cc

absl::StatusOr<int64_t> SqliteTransaction::InsertTask(const store::Task& task) {
  static const std::string* sql = new std::string(InsertSql(TableOf<store::Task>()));
  BL_RETURN_IF_ERROR(CheckRow(task));
  store::Task row = task;
  BL_ASSIGN_OR_RETURN(const int64_t id, NextNumber("task"));
  row.set_id(id);
  BL_RETURN_IF_ERROR(WriteRow(*sql, row));
  return id;
}

absl::StatusOr<std::optional<store::Task>> SqliteTransaction::GetTask(int64_t id) {
  return ReadOne<store::Task>(db_, {id});
}

absl::Status SqliteTransaction::UpdateTask(const store::Task& task) {
  static const std::string* sql = new std::string(UpdateSql(TableOf<store::Task>()));
  BL_RETURN_IF_ERROR(CheckRow(task));
  BL_RETURN_IF_ERROR(WriteRow(*sql, task));
  if (db_.Changes() == 1) return absl::OkStatus();
  return absl::NotFoundError(absl::StrFormat("there is no task %d", task.id()));
}

absl::Status SqliteTransaction::InsertLateResult(const store::LateResult& late) {
  static const std::string* sql = new std::string(InsertSql(TableOf<store::LateResult>()));
  BL_RETURN_IF_ERROR(CheckRow(late));
  return Annotate(WriteRow(*sql, late), absl::StrFormat("late result of task %d", late.task()));
}

absl::StatusOr<std::vector<store::LateResult>> SqliteTransaction::ListLateResults(int64_t task) {
  Statement list = db_.Use("SELECT message FROM late_results WHERE task = ? ORDER BY id");
  list.Bind(task);
  return ReadRows<store::LateResult>(list);
}

// ---- Boards and members

absl::StatusOr<std::optional<v1::Board>> SqliteTransaction::GetBoard(const std::string& name) {
  return ReadOne<v1::Board>(db_, {name});
}

absl::Status SqliteTransaction::PutBoard(const v1::Board& board) { return Put(board); }

absl::StatusOr<std::vector<v1::Board>> SqliteTransaction::ListBoards() {
  Statement list = db_.Use("SELECT message FROM boards ORDER BY name");
  return ReadRows<v1::Board>(list);
}

absl::StatusOr<std::optional<v1::Member>> SqliteTransaction::GetMember(const std::string& name) {
  return ReadOne<v1::Member>(db_, {name});
}

absl::Status SqliteTransaction::PutMember(const v1::Member& member) { return Put(member); }

absl::StatusOr<std::vector<v1::Member>> SqliteTransaction::ListMembers() {
  Statement list = db_.Use("SELECT message FROM members ORDER BY name");
  return ReadRows<v1::Member>(list);
}

// ---- Measurements of users, and the cache

absl::StatusOr<std::optional<v1::MeasurementJob>> SqliteTransaction::GetMeasurement(
    const std::string& name) {
  return ReadOne<v1::MeasurementJob>(db_, {name});
}

absl::Status SqliteTransaction::PutMeasurement(const v1::MeasurementJob& measurement) {
  return Put(measurement);
}

absl::StatusOr<std::vector<Listed<v1::MeasurementJob>>> SqliteTransaction::ListMeasurements(
    const Page& page) {
  Statement list =
      db_.Use("SELECT message, id FROM measurements WHERE id < ? ORDER BY id DESC LIMIT ?");
  list.Bind(Below(page)).Bind(Limit(page.limit));
  return ReadListed<v1::MeasurementJob>(list);
}

absl::StatusOr<std::optional<store::CachedMeasurement>> SqliteTransaction::GetCached(
    const std::string& key) {
  return ReadOne<store::CachedMeasurement>(db_, {key});
}

absl::Status SqliteTransaction::PutCached(const store::CachedMeasurement& cached) {
  return Put(cached);
}

absl::StatusOr<std::vector<store::CachedMeasurement>> SqliteTransaction::ListCached(
    const std::string& board_type, int32_t limit) {
  Statement list = db_.Use(
      "SELECT message FROM measurement_cache WHERE board_type = ? "
      "ORDER BY time_ms DESC, key LIMIT ?");
  list.Bind(board_type).Bind(Limit(limit));
  return ReadRows<store::CachedMeasurement>(list);
}

absl::StatusOr<std::optional<store::Predictor>> SqliteTransaction::GetPredictor(
    const std::string& board_type) {
  return ReadOne<store::Predictor>(db_, {board_type});
}

absl::Status SqliteTransaction::PutPredictor(const store::Predictor& predictor) {
  return Put(predictor);
}

// ---- Events

absl::StatusOr<int64_t> SqliteTransaction::InsertEvent(const v1::Event& event) {
  static const std::string* sql = new std::string(InsertSql(TableOf<v1::Event>()));
  BL_RETURN_IF_ERROR(CheckRow(event));
  v1::Event row = event;
  BL_ASSIGN_OR_RETURN(const int64_t sequence, NextNumber("event"));
  row.set_sequence(sequence);
  BL_RETURN_IF_ERROR(WriteRow(*sql, row));
  return sequence;
}

absl::StatusOr<std::vector<v1::Event>> SqliteTransaction::ListEvents(const std::string& subject,
                                                                     const Page& page) {
  Statement list = subject.empty()
                       ? db_.Use(
                             "SELECT message FROM events WHERE of_search = 0 AND sequence > ? "
                             "ORDER BY sequence LIMIT ?")
                       : db_.Use(
                             "SELECT message FROM events WHERE subject = ? AND sequence > ? "
                             "ORDER BY sequence LIMIT ?");
  if (!subject.empty()) list.Bind(subject);
  list.Bind(Above(page)).Bind(Limit(page.limit));
  return ReadRows<v1::Event>(list);
}

// ---- request_id

absl::StatusOr<std::optional<store::Request>> SqliteTransaction::GetRequest(
    const std::string& request_id) {
  return ReadOne<store::Request>(db_, {request_id});
}

absl::Status SqliteTransaction::PutRequest(const store::Request& request) { return Put(request); }

absl::Status SqliteTransaction::DeleteRequestsBefore(int64_t time_ms) {
  return Write("DELETE FROM requests WHERE time_ms < ?", {time_ms});
}

// ---- Join tokens and identities

absl::StatusOr<std::optional<store::Token>> SqliteTransaction::GetToken(const std::string& sha256) {
  return ReadOne<store::Token>(db_, {sha256});
}

absl::Status SqliteTransaction::PutToken(const store::Token& token) { return Put(token); }

absl::StatusOr<std::vector<store::Token>> SqliteTransaction::ListTokens() {
  Statement list = db_.Use("SELECT message FROM tokens ORDER BY sha256");
  return ReadRows<store::Token>(list);
}

absl::Status SqliteTransaction::DeleteToken(const std::string& sha256) {
  return Write("DELETE FROM tokens WHERE sha256 = ?", {sha256});
}

absl::Status SqliteTransaction::DeleteTokensBefore(int64_t time_ms) {
  return Write("DELETE FROM tokens WHERE expire_time_ms < ?", {time_ms});
}

absl::StatusOr<std::optional<store::KnownIdentity>> SqliteTransaction::GetIdentity(
    const std::string& identity) {
  return ReadOne<store::KnownIdentity>(db_, {identity});
}

absl::Status SqliteTransaction::PutIdentity(const store::KnownIdentity& identity) {
  return Put(identity);
}

absl::StatusOr<std::vector<store::KnownIdentity>> SqliteTransaction::ListIdentities() {
  Statement list = db_.Use("SELECT message FROM identities ORDER BY identity");
  return ReadRows<store::KnownIdentity>(list);
}

// ---- Artifacts

absl::StatusOr<std::optional<store::ArtifactRow>> SqliteTransaction::GetArtifact(
    const std::string& sha256) {
  return ReadOne<store::ArtifactRow>(db_, {sha256});
}

absl::Status SqliteTransaction::PutArtifact(const store::ArtifactRow& artifact) {
  return Put(artifact);
}

absl::Status SqliteTransaction::DeleteArtifact(const std::string& sha256) {
  return Annotate(Write("DELETE FROM artifacts WHERE sha256 = ?", {sha256}), "artifact " + sha256);
}

absl::Status SqliteTransaction::AddReference(const std::string& sha256, const std::string& owner) {
  return Annotate(Write("INSERT INTO artifact_references (sha256, owner) VALUES (?, ?) "
                        "ON CONFLICT DO NOTHING",
                        {sha256, owner}),
                  "reference to artifact " + sha256);
}

absl::Status SqliteTransaction::RemoveReferences(const std::string& owner) {
  return Write("DELETE FROM artifact_references WHERE owner = ?", {owner});
}

absl::StatusOr<std::vector<store::ArtifactRow>> SqliteTransaction::UnreferencedArtifacts(
    int64_t time_ms) {
  Statement list = db_.Use(
      "SELECT message FROM artifacts WHERE reference_count = 0 AND create_time_ms < ? "
      "ORDER BY create_time_ms, sha256");
  list.Bind(time_ms);
  return ReadRows<store::ArtifactRow>(list);
}

absl::StatusOr<int64_t> SqliteTransaction::ArtifactBytes() {
  return db_.Number("SELECT value FROM counters WHERE name = 'artifact_bytes'");
}

}  // namespace boardloop
