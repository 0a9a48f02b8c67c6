// The store: the only truth of the coordinator. Everything it must not forget is a row here.
//
// A transition is one call of Store::Run: it reads rows, decides and writes in one transaction, so that whatever
// stops the process leaves all of it or nothing. Rows are messages; the columns by which they are found are
// derived from them.
//
// Invariants (the suite in tests/server/store runs on every implementation):
//   (1) Run returns OK only after its writes are durable.
//   (2) A function that returns an error leaves nothing behind, and does not disturb others of the same commit.
//   (3) Functions run one at a time, in some order that is the same for all readers.
//   (4) Task ids and event sequences rise and are never used twice.
//   (5) A reference leads somewhere: a candidate to its search, a late result to its task, a reference to its artifact.
//   (6) Read sees durable rows only.
//   (7) What AfterCommit was given runs once its writes are durable, and never when they are not.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/board.pb.h"
#include "boardloop/v1/event.pb.h"
#include "boardloop/v1/measure_service.pb.h"
#include "boardloop/v1/search.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

// What a list holds, and where it goes on. Positions come from the last row of the page before; 0: the beginning.
struct Page {
  int64_t after = 0;
  int32_t limit = 100;
};

template <typename Row>
struct Listed {
  int64_t position = 0;  // For Page::after.
  Row row;
};

struct TaskQuery {
  std::optional<store::Task::State> state;
  std::optional<store::Task::Kind> kind;
  std::string owner, holder, requirement;  // Empty: any.
  int64_t candidate = 0;                   // 0: any.
  int32_t limit = 1'000'000;               // Of a list; counting has none.
};

// Tasks that wait for a requirement.
struct QueuedOwner {
  std::string owner;
  int32_t priority = 0;   // The highest of its queued tasks.
  int64_t oldest_id = 0;  // Of that priority.
  int64_t queued = 0;
  int64_t running = 0;         // Of the same kind and requirement.
  int64_t oldest_time_ms = 0;  // Creation of the one that waits longest, whatever its priority.
};

// Reads and writes of one transaction. Not to be kept after the function that got it has returned.
// Getters answer nullopt for what is not there; errors are those of the database (UNAVAILABLE, RESOURCE_EXHAUSTED for a full disk,
// DATA_LOSS for a row that does not parse). Writes also answer
// - INVALID_ARGUMENT: the row lacks what it is found by (row_rules.h);
// - FAILED_PRECONDITION: it refers to a row that is not there, or is still referred to (invariant 5); or it is a write
//   within Store::Read.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // What is said of these writes outside, such as counting them, is said by `after`: the thread of Store::Run's caller runs it before Run returns OK,
  // in the order given. Within Store::Read it never runs.
  void AfterCommit(std::function<void()> after) { after_commit_.push_back(std::move(after)); }
  // For stores.
  std::vector<std::function<void()>> TakeAfterCommit() { return std::move(after_commit_); }

  // ---- Searches, newest first.
  virtual absl::StatusOr<std::optional<v1::Search>> GetSearch(const std::string& name) = 0;
  virtual absl::Status PutSearch(
      const v1::Search& search) = 0;  // Inserted or replaced, by its name.
  virtual absl::StatusOr<std::vector<Listed<v1::Search>>> ListSearches(
      std::optional<v1::Search::State> state, const Page& page) = 0;
  virtual absl::StatusOr<int64_t> CountSearches(v1::Search::State state) = 0;

  // ---- Candidates, by number ascending. `search` is `searches/{search}`.
  virtual absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(const std::string& search,
                                                                    int64_t number) = 0;
  // By its name, whose last part is the number. FAILED_PRECONDITION: its search is not there.
  virtual absl::Status PutCandidate(const v1::Candidate& candidate) = 0;
  virtual absl::StatusOr<std::vector<Listed<v1::Candidate>>> ListCandidates(
      const std::string& search, std::optional<v1::Candidate::State> state, const Page& page) = 0;

  // ---- Tasks, by id ascending.
  // Gives the id, whatever `task.id` is.
  virtual absl::StatusOr<int64_t> InsertTask(const store::Task& task) = 0;
  virtual absl::StatusOr<std::optional<store::Task>> GetTask(int64_t id) = 0;
  virtual absl::Status UpdateTask(const store::Task& task) = 0;  // NOT_FOUND: no such id.
  virtual absl::StatusOr<std::vector<store::Task>> ListTasks(const TaskQuery& query) = 0;
  virtual absl::StatusOr<int64_t> CountTasks(const TaskQuery& query) = 0;
  // Owners with queued tasks of a kind and requirement, highest priority first, then oldest first.
  virtual absl::StatusOr<std::vector<QueuedOwner>> QueuedOwners(store::Task::Kind kind,
                                                                const std::string& requirement) = 0;
  // The queued task of an owner that is next: highest priority, then lowest id; not one of `except`.
  virtual absl::StatusOr<std::optional<store::Task>> NextQueued(
      store::Task::Kind kind, const std::string& requirement, const std::string& owner,
      const std::vector<int64_t>& except) = 0;
  virtual absl::Status InsertLateResult(const store::LateResult& late) = 0;
  virtual absl::StatusOr<std::vector<store::LateResult>> ListLateResults(int64_t task) = 0;

  // ---- Boards and members, by name.
  virtual absl::StatusOr<std::optional<v1::Board>> GetBoard(const std::string& name) = 0;
  virtual absl::Status PutBoard(const v1::Board& board) = 0;
  virtual absl::StatusOr<std::vector<v1::Board>> ListBoards() = 0;
  virtual absl::StatusOr<std::optional<v1::Member>> GetMember(const std::string& name) = 0;
  virtual absl::Status PutMember(const v1::Member& member) = 0;
  virtual absl::StatusOr<std::vector<v1::Member>> ListMembers() = 0;

  // ---- Measurements of users, newest first.
  virtual absl::StatusOr<std::optional<v1::MeasurementJob>> GetMeasurement(
      const std::string& name) = 0;
  virtual absl::Status PutMeasurement(const v1::MeasurementJob& measurement) = 0;
  virtual absl::StatusOr<std::vector<Listed<v1::MeasurementJob>>> ListMeasurements(
      const Page& page) = 0;

  // ---- The measurement cache.
  virtual absl::StatusOr<std::optional<store::CachedMeasurement>> GetCached(
      const std::string& key) = 0;
  virtual absl::Status PutCached(const store::CachedMeasurement& cached) = 0;
  // Of a board type, newest first.
  virtual absl::StatusOr<std::vector<store::CachedMeasurement>> ListCached(
      const std::string& board_type, int32_t limit) = 0;

  // ---- Latency predictors, one of each board type.
  virtual absl::StatusOr<std::optional<store::Predictor>> GetPredictor(
      const std::string& board_type) = 0;
  virtual absl::Status PutPredictor(const store::Predictor& predictor) = 0;

  // ---- Events, oldest first. `subject` as in the message, a search has those of its candidates' tasks; empty: those of
  // boards and members, all that are not of a search.
  virtual absl::StatusOr<int64_t> InsertEvent(const v1::Event& event) = 0;  // Gives the sequence.
  virtual absl::StatusOr<std::vector<v1::Event>> ListEvents(const std::string& subject,
                                                            const Page& page) = 0;

  // ---- request_id.
  virtual absl::StatusOr<std::optional<store::Request>> GetRequest(
      const std::string& request_id) = 0;
  virtual absl::Status PutRequest(const store::Request& request) = 0;
  virtual absl::Status DeleteRequestsBefore(int64_t time_ms) = 0;

  // ---- Join tokens, and who is known.
  virtual absl::StatusOr<std::optional<store::Token>> GetToken(const std::string& sha256) = 0;
  virtual absl::Status PutToken(const store::Token& token) = 0;
  virtual absl::StatusOr<std::vector<store::Token>> ListTokens() = 0;  // By sha256.
  virtual absl::Status DeleteToken(const std::string& sha256) = 0;     // One that is not there too.
  virtual absl::Status DeleteTokensBefore(int64_t time_ms) = 0;        // Those that expire before.
  virtual absl::StatusOr<std::optional<store::KnownIdentity>> GetIdentity(
      const std::string& identity) = 0;
  virtual absl::Status PutIdentity(const store::KnownIdentity& identity) = 0;
  virtual absl::StatusOr<std::vector<store::KnownIdentity>> ListIdentities() = 0;  // By identity.

  // ---- Artifacts, and who refers to them (an owner as in Task, or "" for an upload of a user).
  virtual absl::StatusOr<std::optional<store::ArtifactRow>> GetArtifact(
      const std::string& sha256) = 0;
  virtual absl::Status PutArtifact(const store::ArtifactRow& artifact) = 0;
  // FAILED_PRECONDITION: it is referred to.
  virtual absl::Status DeleteArtifact(const std::string& sha256) = 0;
  // Once or more is the same. FAILED_PRECONDITION: no such artifact.
  virtual absl::Status AddReference(const std::string& sha256, const std::string& owner) = 0;
  virtual absl::Status RemoveReferences(const std::string& owner) = 0;
  // Created before `time_ms`, without a reference; oldest first.
  virtual absl::StatusOr<std::vector<store::ArtifactRow>> UnreferencedArtifacts(
      int64_t time_ms) = 0;
  virtual absl::StatusOr<int64_t> ArtifactBytes() = 0;  // Sum of all sizes.

 private:
  std::vector<std::function<void()>> after_commit_;
};

// An error undoes what the function wrote, and is what its caller gets. A function is called once.
using Work = std::function<absl::Status(Transaction&)>;

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  // Runs `work` in a transaction and returns when it is durable. Not to be called from within `work`.
  virtual absl::Status Run(const Work& work) = 0;
  // For `work` that writes nothing: it need not wait for the disk. It sees all that Run has returned before.
  virtual absl::Status Read(const Work& work) = 0;
  // Writes a consistent copy to `path`, which does not exist yet (ALREADY_EXISTS), while others go on.
  virtual absl::Status Backup(const std::string& path) = 0;
};

}  // namespace boardloop
