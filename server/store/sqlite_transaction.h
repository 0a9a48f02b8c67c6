// Transaction on a SQLite connection: SQL in, rows out. BEGIN, COMMIT and savepoints are its owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_database.h"
#include "server/store/store.h"

namespace boardloop {

class SqliteTransaction final : public Transaction {
 public:
  enum class Access { kRead, kWrite };

  // `db` has the newest schema and outlives the transaction.
  SqliteTransaction(SqliteDatabase& db, Access access) : db_(db), access_(access) {}

  // The first write that failed by the database's fault: whoever ran into it and went on must not be committed.
  const absl::Status& failure() const { return failure_; }

  absl::StatusOr<std::optional<v1::Search>> GetSearch(const std::string& name) override;
  absl::Status PutSearch(const v1::Search& search) override;
  absl::StatusOr<std::vector<Listed<v1::Search>>> ListSearches(
      std::optional<v1::Search::State> state, const Page& page) override;
  absl::StatusOr<int64_t> CountSearches(v1::Search::State state) override;

  absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(const std::string& search,
                                                            int64_t number) override;
  absl::Status PutCandidate(const v1::Candidate& candidate) override;
  absl::StatusOr<std::vector<Listed<v1::Candidate>>> ListCandidates(
      const std::string& search, std::optional<v1::Candidate::State> state,
      const Page& page) override;

  absl::StatusOr<int64_t> InsertTask(const store::Task& task) override;
  absl::StatusOr<std::optional<store::Task>> GetTask(int64_t id) override;
  absl::Status UpdateTask(const store::Task& task) override;
  absl::StatusOr<std::vector<store::Task>> ListTasks(const TaskQuery& query) override;
  absl::StatusOr<int64_t> CountTasks(const TaskQuery& query) override;
  absl::StatusOr<std::vector<QueuedOwner>> QueuedOwners(store::Task::Kind kind,
                                                        const std::string& requirement) override;
  absl::StatusOr<std::optional<store::Task>> NextQueued(
      store::Task::Kind kind, const std::string& requirement, const std::string& owner,
      const std::vector<int64_t>& except) override;
  absl::Status InsertLateResult(const store::LateResult& late) override;
  absl::StatusOr<std::vector<store::LateResult>> ListLateResults(int64_t task) override;

  absl::StatusOr<std::optional<v1::Board>> GetBoard(const std::string& name) override;
  absl::Status PutBoard(const v1::Board& board) override;
  absl::StatusOr<std::vector<v1::Board>> ListBoards() override;
  absl::StatusOr<std::optional<v1::Member>> GetMember(const std::string& name) override;
  absl::Status PutMember(const v1::Member& member) override;
  absl::StatusOr<std::vector<v1::Member>> ListMembers() override;

  absl::StatusOr<std::optional<v1::MeasurementJob>> GetMeasurement(
      const std::string& name) override;
  absl::Status PutMeasurement(const v1::MeasurementJob& measurement) override;
  absl::StatusOr<std::vector<Listed<v1::MeasurementJob>>> ListMeasurements(
      const Page& page) override;

  absl::StatusOr<std::optional<store::CachedMeasurement>> GetCached(
      const std::string& key) override;
  absl::Status PutCached(const store::CachedMeasurement& cached) override;
  absl::StatusOr<std::vector<store::CachedMeasurement>> ListCached(const std::string& board_type,
                                                                   int32_t limit) override;

  absl::StatusOr<std::optional<store::Predictor>> GetPredictor(
      const std::string& board_type) override;
  absl::Status PutPredictor(const store::Predictor& predictor) override;

  absl::StatusOr<int64_t> InsertEvent(const v1::Event& event) override;
  absl::StatusOr<std::vector<v1::Event>> ListEvents(const std::string& subject,
                                                    const Page& page) override;

  absl::StatusOr<std::optional<store::Request>> GetRequest(const std::string& request_id) override;
  absl::Status PutRequest(const store::Request& request) override;
  absl::Status DeleteRequestsBefore(int64_t time_ms) override;

  absl::StatusOr<std::optional<store::Token>> GetToken(const std::string& sha256) override;
  absl::Status PutToken(const store::Token& token) override;
  absl::StatusOr<std::vector<store::Token>> ListTokens() override;
  absl::Status DeleteToken(const std::string& sha256) override;
  absl::Status DeleteTokensBefore(int64_t time_ms) override;
  absl::StatusOr<std::optional<store::KnownIdentity>> GetIdentity(
      const std::string& identity) override;
  absl::Status PutIdentity(const store::KnownIdentity& identity) override;
  absl::StatusOr<std::vector<store::KnownIdentity>> ListIdentities() override;

  absl::StatusOr<std::optional<store::ArtifactRow>> GetArtifact(const std::string& sha256) override;
  absl::Status PutArtifact(const store::ArtifactRow& artifact) override;
  absl::Status DeleteArtifact(const std::string& sha256) override;
  absl::Status AddReference(const std::string& sha256, const std::string& owner) override;
  absl::Status RemoveReferences(const std::string& owner) override;
  absl::StatusOr<std::vector<store::ArtifactRow>> UnreferencedArtifacts(int64_t time_ms) override;
  absl::StatusOr<int64_t> ArtifactBytes() override;

 private:
  // FAILED_PRECONDITION  within Store::Read
  absl::Status CheckWritable() const;
  // Keeps a failure of the database, and passes it on.
  absl::Status Written(const absl::Status& status);
  absl::Status Write(const std::string& sql, const std::vector<SqlValue>& values);
  template <typename Row>
  absl::Status WriteRow(const std::string& sql, const Row& row);
  template <typename Row>
  absl::Status Put(const Row& row);
  // The next number of a counter, durable with the transaction.
  absl::StatusOr<int64_t> NextNumber(const char* counter);

  SqliteDatabase& db_;
  const Access access_;
  absl::Status failure_;
};

}  // namespace boardloop
