#include "tests/support/memory_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/row_rules.h"

namespace boardloop {
namespace {

template <typename Map>
std::optional<typename Map::mapped_type> Find(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

template <typename Map>
std::vector<typename Map::mapped_type> Values(const Map& map) {
  std::vector<typename Map::mapped_type> values;
  for (const auto& entry : map) values.push_back(entry.second);
  return values;
}

size_t Limit(int32_t limit) { return static_cast<size_t>(std::max(0, limit)); }

template <typename Row>
void Cut(std::vector<Row>* rows, int32_t limit) {
  if (rows->size() > Limit(limit)) rows->resize(Limit(limit));
}

// Rows below a position, newest first.
template <typename Row>
std::vector<Listed<Row>> NewestFirst(const std::map<int64_t, Row>& rows, const Page& page,
                                     const std::function<bool(const Row&)>& wanted) {
  std::vector<Listed<Row>> listed;
  const auto end = page.after > 0 ? rows.lower_bound(page.after) : rows.end();
  for (auto row = std::make_reverse_iterator(end); row != rows.rend(); ++row) {
    if (listed.size() == Limit(page.limit)) break;
    if (wanted(row->second)) listed.push_back({row->first, row->second});
  }
  return listed;
}

bool Matches(const TaskQuery& query, const store::Task& task) {
  return (!query.state.has_value() || *query.state == task.state()) &&
         (!query.kind.has_value() || *query.kind == task.kind()) &&
         (query.owner.empty() || query.owner == task.owner()) &&
         (query.holder.empty() || query.holder == task.holder()) &&
         (query.requirement.empty() || query.requirement == task.requirement()) &&
         (query.candidate == 0 || query.candidate == task.candidate());
}

// Keeps how to undo each write.
class MemoryTransaction final : public Transaction {
 public:
  MemoryTransaction(MemoryRows& rows, bool writable) : rows_(rows), writable_(writable) {}

  void Undo() {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
  }

  absl::StatusOr<std::optional<v1::Search>> GetSearch(const std::string& name) override {
    return GetCreated(rows_.searches, name);
  }
  absl::Status PutSearch(const v1::Search& search) override {
    return PutCreated(rows_.searches, search);
  }
  absl::StatusOr<std::vector<Listed<v1::Search>>> ListSearches(
      std::optional<v1::Search::State> state, const Page& page) override {
    return NewestFirst<v1::Search>(rows_.searches.rows, page, [&](const v1::Search& search) {
      return !state.has_value() || search.state() == *state;
    });
  }
  absl::StatusOr<int64_t> CountSearches(v1::Search::State state) override {
    return std::count_if(rows_.searches.rows.begin(), rows_.searches.rows.end(),
                         [&](const auto& entry) { return entry.second.state() == state; });
  }

  absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(const std::string& search,
                                                            int64_t number) override {
    return Find(rows_.candidates, {search, number});
  }
  absl::Status PutCandidate(const v1::Candidate& candidate) override {
    BL_ASSIGN_OR_RETURN(const CandidateKey key, ParseCandidateName(candidate.name()));
    BL_RETURN_IF_ERROR(Refers(rows_.searches.ids, key.search));
    return Set(rows_.candidates, {key.search, key.number}, candidate);
  }
  absl::StatusOr<std::vector<Listed<v1::Candidate>>> ListCandidates(
      const std::string& search, std::optional<v1::Candidate::State> state,
      const Page& page) override {
    std::vector<Listed<v1::Candidate>> listed;
    auto row = rows_.candidates.upper_bound({search, std::max<int64_t>(0, page.after)});
    for (; row != rows_.candidates.end() && row->first.first == search; ++row) {
      if (listed.size() == Limit(page.limit)) break;
      if (state.has_value() && row->second.state() != *state) continue;
      listed.push_back({row->first.second, row->second});
    }
    return listed;
  }

  absl::StatusOr<int64_t> InsertTask(const store::Task& task) override {
    BL_RETURN_IF_ERROR(CheckRow(task));
    store::Task row = task;
    row.set_id(NextKey(rows_.tasks));
    BL_RETURN_IF_ERROR(Set(rows_.tasks, row.id(), row));
    return row.id();
  }
  absl::StatusOr<std::optional<store::Task>> GetTask(int64_t id) override {
    return Find(rows_.tasks, id);
  }
  absl::Status UpdateTask(const store::Task& task) override {
    BL_RETURN_IF_ERROR(CheckRow(task));
    if (rows_.tasks.count(task.id()) == 0) {
      return absl::NotFoundError(absl::StrFormat("there is no task %d", task.id()));
    }
    return Set(rows_.tasks, task.id(), task);
  }
  absl::StatusOr<std::vector<store::Task>> ListTasks(const TaskQuery& query) override {
    std::vector<store::Task> tasks;
    for (const auto& entry : rows_.tasks) {
      if (tasks.size() == Limit(query.limit)) break;
      if (Matches(query, entry.second)) tasks.push_back(entry.second);
    }
    return tasks;
  }
  absl::StatusOr<int64_t> CountTasks(const TaskQuery& query) override {
    return std::count_if(rows_.tasks.begin(), rows_.tasks.end(),
                         [&](const auto& entry) { return Matches(query, entry.second); });
  }
  absl::StatusOr<std::vector<QueuedOwner>> QueuedOwners(store::Task::Kind kind,
                                                        const std::string& requirement) override;
  absl::StatusOr<std::optional<store::Task>> NextQueued(
      store::Task::Kind kind, const std::string& requirement, const std::string& owner,
      const std::vector<int64_t>& except) override;
  absl::Status InsertLateResult(const store::LateResult& late) override {
    BL_RETURN_IF_ERROR(CheckRow(late));
    BL_RETURN_IF_ERROR(Refers(rows_.tasks, late.task()));
    return Set(rows_.late_results, NextKey(rows_.late_results), late);
  }
  absl::StatusOr<std::vector<store::LateResult>> ListLateResults(int64_t task) override {
    std::vector<store::LateResult> results = Values(rows_.late_results);
    results.erase(std::remove_if(results.begin(), results.end(),
                                 [&](const auto& late) { return late.task() != task; }),
                  results.end());
    return results;
  }

  absl::StatusOr<std::optional<v1::Board>> GetBoard(const std::string& name) override {
    return Find(rows_.boards, name);
  }
  absl::Status PutBoard(const v1::Board& board) override {
    BL_RETURN_IF_ERROR(CheckRow(board));
    return Set(rows_.boards, board.name(), board);
  }
  absl::StatusOr<std::vector<v1::Board>> ListBoards() override { return Values(rows_.boards); }
  absl::StatusOr<std::optional<v1::Member>> GetMember(const std::string& name) override {
    return Find(rows_.members, name);
  }
  absl::Status PutMember(const v1::Member& member) override {
    BL_RETURN_IF_ERROR(CheckRow(member));
    return Set(rows_.members, member.name(), member);
  }
  absl::StatusOr<std::vector<v1::Member>> ListMembers() override { return Values(rows_.members); }

  absl::StatusOr<std::optional<v1::MeasurementJob>> GetMeasurement(
      const std::string& name) override {
    return GetCreated(rows_.measurements, name);
  }
  absl::Status PutMeasurement(const v1::MeasurementJob& measurement) override {
    return PutCreated(rows_.measurements, measurement);
  }
  absl::StatusOr<std::vector<Listed<v1::MeasurementJob>>> ListMeasurements(
      const Page& page) override {
    return NewestFirst<v1::MeasurementJob>(rows_.measurements.rows, page,
                                           [](const v1::MeasurementJob&) { return true; });
  }

  absl::StatusOr<std::optional<store::CachedMeasurement>> GetCached(
      const std::string& key) override {
    return Find(rows_.cache, key);
  }
  absl::Status PutCached(const store::CachedMeasurement& cached) override {
    BL_RETURN_IF_ERROR(CheckRow(cached));
    return Set(rows_.cache, cached.key(), cached);
  }
  absl::StatusOr<std::vector<store::CachedMeasurement>> ListCached(const std::string& board_type,
                                                                   int32_t limit) override;

  absl::StatusOr<std::optional<store::Predictor>> GetPredictor(
      const std::string& board_type) override {
    return Find(rows_.predictors, board_type);
  }
  absl::Status PutPredictor(const store::Predictor& predictor) override {
    BL_RETURN_IF_ERROR(CheckRow(predictor));
    return Set(rows_.predictors, predictor.board_type(), predictor);
  }

  absl::StatusOr<int64_t> InsertEvent(const v1::Event& event) override {
    BL_RETURN_IF_ERROR(CheckRow(event));
    v1::Event row = event;
    row.set_sequence(NextKey(rows_.events));
    BL_RETURN_IF_ERROR(Set(rows_.events, row.sequence(), row));
    return row.sequence();
  }
  absl::StatusOr<std::vector<v1::Event>> ListEvents(const std::string& subject,
                                                    const Page& page) override {
    std::vector<v1::Event> events;
    auto row = rows_.events.upper_bound(std::max<int64_t>(0, page.after));
    for (; row != rows_.events.end() && events.size() < Limit(page.limit); ++row) {
      const std::string& of = row->second.subject();
      if (subject.empty() ? !IsSearch(of) : of == subject) events.push_back(row->second);
    }
    return events;
  }

  absl::StatusOr<std::optional<store::Request>> GetRequest(const std::string& id) override {
    return Find(rows_.requests, id);
  }
  absl::Status PutRequest(const store::Request& request) override {
    BL_RETURN_IF_ERROR(CheckRow(request));
    return Set(rows_.requests, request.request_id(), request);
  }
  absl::Status DeleteRequestsBefore(int64_t time_ms) override {
    for (const store::Request& request : Values(rows_.requests)) {
      if (request.time_ms() >= time_ms) continue;
      BL_RETURN_IF_ERROR(Erase(rows_.requests, request.request_id()));
    }
    return Writable();
  }

  absl::StatusOr<std::optional<store::Token>> GetToken(const std::string& sha256) override {
    return Find(rows_.tokens, sha256);
  }
  absl::Status PutToken(const store::Token& token) override {
    BL_RETURN_IF_ERROR(CheckRow(token));
    return Set(rows_.tokens, token.sha256(), token);
  }
  absl::StatusOr<std::vector<store::Token>> ListTokens() override { return Values(rows_.tokens); }
  absl::Status DeleteToken(const std::string& sha256) override {
    return Erase(rows_.tokens, sha256);
  }
  absl::Status DeleteTokensBefore(int64_t time_ms) override {
    for (const store::Token& token : Values(rows_.tokens)) {
      if (token.expire_time_ms() >= time_ms) continue;
      BL_RETURN_IF_ERROR(Erase(rows_.tokens, token.sha256()));
    }
    return Writable();
  }
  absl::StatusOr<std::optional<store::KnownIdentity>> GetIdentity(
      const std::string& identity) override {
    return Find(rows_.identities, identity);
  }
  absl::Status PutIdentity(const store::KnownIdentity& identity) override {
    BL_RETURN_IF_ERROR(CheckRow(identity));
    return Set(rows_.identities, identity.identity(), identity);
  }
  absl::StatusOr<std::vector<store::KnownIdentity>> ListIdentities() override {
    return Values(rows_.identities);
  }

  absl::StatusOr<std::optional<store::ArtifactRow>> GetArtifact(
      const std::string& sha256) override {
    return Find(rows_.artifacts, sha256);
  }
  absl::Status PutArtifact(const store::ArtifactRow& artifact) override {
    BL_RETURN_IF_ERROR(CheckRow(artifact));
    return Set(rows_.artifacts, artifact.sha256(), artifact);
  }
  absl::Status DeleteArtifact(const std::string& sha256) override {
    if (IsReferred(sha256)) {
      return absl::FailedPreconditionError("artifact " + sha256 + " is referred to");
    }
    return Erase(rows_.artifacts, sha256);
  }
  absl::Status AddReference(const std::string& sha256, const std::string& owner) override {
    BL_RETURN_IF_ERROR(Refers(rows_.artifacts, sha256));
    return Set(rows_.references, {sha256, owner}, true);
  }
  absl::Status RemoveReferences(const std::string& owner) override {
    const auto references = rows_.references;
    for (const auto& entry : references) {
      if (entry.first.second == owner) BL_RETURN_IF_ERROR(Erase(rows_.references, entry.first));
    }
    return Writable();
  }
  absl::StatusOr<std::vector<store::ArtifactRow>> UnreferencedArtifacts(int64_t time_ms) override;
  absl::StatusOr<int64_t> ArtifactBytes() override {
    int64_t bytes = 0;
    for (const auto& entry : rows_.artifacts) bytes += entry.second.size_bytes();
    return bytes;
  }

 private:
  absl::Status Writable() const {
    if (writable_) return absl::OkStatus();
    return absl::FailedPreconditionError("a write within Store::Read, must be within Store::Run");
  }

  template <typename Map>
  static int64_t NextKey(const Map& map) {
    return map.empty() ? 1 : map.rbegin()->first + 1;
  }

  template <typename Map>
  static absl::Status Refers(const Map& map, const typename Map::key_type& key) {
    if (map.count(key) == 1) return absl::OkStatus();
    return absl::FailedPreconditionError("it refers to a row that is not there");
  }

  bool IsReferred(const std::string& sha256) const {
    const auto reference = rows_.references.lower_bound({sha256, ""});
    return reference != rows_.references.end() && reference->first.first == sha256;
  }

  template <typename Map>
  absl::Status Set(Map& map, const typename Map::key_type& key,
                   const typename Map::mapped_type& value) {
    BL_RETURN_IF_ERROR(Writable());
    KeepForUndo(map, key);
    map[key] = value;
    return absl::OkStatus();
  }

  template <typename Map>
  absl::Status Erase(Map& map, const typename Map::key_type& key) {
    BL_RETURN_IF_ERROR(Writable());
    KeepForUndo(map, key);
    map.erase(key);
    return absl::OkStatus();
  }

  template <typename Map>
  void KeepForUndo(Map& map, const typename Map::key_type& key) {
    const auto before = Find(map, key);
    undo_.push_back([&map, key, before] {
      if (before.has_value()) {
        map[key] = *before;
      } else {
        map.erase(key);
      }
    });
  }

  template <typename Row>
  static std::optional<Row> GetCreated(const MemoryRows::Created<Row>& created,
                                       const std::string& name) {
    const std::optional<int64_t> id = Find(created.ids, name);
    if (!id.has_value()) return std::nullopt;
    return Find(created.rows, *id);
  }

  template <typename Row>
  absl::Status PutCreated(MemoryRows::Created<Row>& created, const Row& row) {
    BL_RETURN_IF_ERROR(CheckRow(row));
    const std::optional<int64_t> known = Find(created.ids, row.name());
    const int64_t id = known.has_value() ? *known : NextKey(created.rows);
    BL_RETURN_IF_ERROR(Set(created.ids, row.name(), id));
    return Set(created.rows, id, row);
  }

  MemoryRows& rows_;
  const bool writable_;
  std::vector<std::function<void()>> undo_;
};

absl::StatusOr<std::vector<QueuedOwner>> MemoryTransaction::QueuedOwners(
    store::Task::Kind kind, const std::string& requirement) {
  std::map<std::string, QueuedOwner> owners;
  for (const auto& entry : rows_.tasks) {
    const store::Task& task = entry.second;
    if (task.kind() != kind || task.requirement() != requirement) continue;
    QueuedOwner& owner = owners[task.owner()];
    if (task.state() == store::Task::RUNNING) ++owner.running;
    if (task.state() != store::Task::QUEUED) continue;
    const bool first = ++owner.queued == 1;
    if (first || task.create_time_ms() < owner.oldest_time_ms) {
      owner.oldest_time_ms = task.create_time_ms();
    }
    if (!first && task.priority() <= owner.priority) continue;
    owner.owner = task.owner();
    owner.priority = task.priority();
    owner.oldest_id = task.id();
  }
  std::vector<QueuedOwner> queued;
  for (const auto& entry : owners) {
    if (entry.second.queued > 0) queued.push_back(entry.second);
  }
  std::sort(queued.begin(), queued.end(), [](const QueuedOwner& a, const QueuedOwner& b) {
    return std::make_tuple(-int64_t{a.priority}, a.oldest_id) <
           std::make_tuple(-int64_t{b.priority}, b.oldest_id);
  });
  return queued;
}

absl::StatusOr<std::optional<store::Task>> MemoryTransaction::NextQueued(
    store::Task::Kind kind, const std::string& requirement, const std::string& owner,
    const std::vector<int64_t>& except) {
  std::optional<store::Task> next;
  for (const auto& entry : rows_.tasks) {
    const store::Task& task = entry.second;
    if (task.state() != store::Task::QUEUED || task.kind() != kind ||
        task.requirement() != requirement || task.owner() != owner ||
        std::find(except.begin(), except.end(), task.id()) != except.end()) {
      continue;
    }
    if (!next.has_value() || task.priority() > next->priority()) next = task;
  }
  return next;
}

absl::StatusOr<std::vector<store::CachedMeasurement>> MemoryTransaction::ListCached(
    const std::string& board_type, int32_t limit) {
  std::vector<store::CachedMeasurement> rows;
  for (const auto& entry : rows_.cache) {
    if (entry.second.board_type() == board_type) rows.push_back(entry.second);
  }
  // Stable: those of one time stay in the order of their keys.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.time_ms() > b.time_ms(); });
  Cut(&rows, limit);
  return rows;
}

absl::StatusOr<std::vector<store::ArtifactRow>> MemoryTransaction::UnreferencedArtifacts(
    int64_t time_ms) {
  std::vector<store::ArtifactRow> rows;
  for (const auto& entry : rows_.artifacts) {
    if (entry.second.create_time_ms() < time_ms && !IsReferred(entry.first)) {
      rows.push_back(entry.second);
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.create_time_ms() < b.create_time_ms();
  });
  return rows;
}

}  // namespace

absl::Status MemoryStore::Run(const Work& work) {
  std::vector<std::function<void()>> after;
  {
    std::lock_guard<std::mutex> lock(mu_);
    MemoryTransaction transaction(rows_, /*writable=*/true);
    absl::Status status = work(transaction);
    if (status.ok()) std::swap(status, fault_);
    if (!status.ok()) {
      transaction.Undo();
      return status;
    }
    after = transaction.TakeAfterCommit();
  }
  for (const auto& run : after) run();
  return absl::OkStatus();
}

absl::Status MemoryStore::Read(const Work& work) {
  std::lock_guard<std::mutex> lock(mu_);
  MemoryTransaction transaction(rows_, /*writable=*/false);
  return work(transaction);
}

absl::Status MemoryStore::Backup(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) return absl::ErrnoToStatus(errno, "cannot create " + path);
  std::fclose(file);
  std::lock_guard<std::mutex> lock(mu_);
  backups_[path] = rows_;
  return absl::OkStatus();
}

std::unique_ptr<MemoryStore> MemoryStore::OpenBackup(const std::string& path) {
  std::lock_guard<std::mutex> lock(mu_);
  return std::make_unique<MemoryStore>(backups_.at(path));
}

void MemoryStore::FailNextCommit(const absl::Status& error) {
  std::lock_guard<std::mutex> lock(mu_);
  fault_ = error;
}

}  // namespace boardloop
