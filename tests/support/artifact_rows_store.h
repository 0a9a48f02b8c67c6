// A store in memory that has artifacts and their references, and nothing else.
#pragma once

#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/rows.pb.h"
#include "server/store/store.h"

namespace boardloop {

class ArtifactRowsStore final : public Store {
 public:
  absl::Status Run(const Work& work) override {
    const std::lock_guard<std::mutex> lock(mu_);
    if (!run_fails_.ok()) return run_fails_;
    Rows copy = rows_;
    InMemory transaction(copy);
    absl::Status status = work(transaction);
    if (status.ok()) rows_ = std::move(copy);
    return status;
  }
  absl::Status Read(const Work& work) override {
    const std::lock_guard<std::mutex> lock(mu_);
    Rows copy = rows_;
    InMemory transaction(copy);
    return work(transaction);
  }
  absl::Status Backup(const std::string&) override { return Unimplemented(); }

  // From now on Run answers with `status`; OK: works again.
  void FailRuns(const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mu_);
    run_fails_ = status;
  }

 private:
  struct Rows {
    std::map<std::string, store::ArtifactRow> artifacts;
    std::set<std::pair<std::string, std::string>> references;  // sha256, owner
  };

  static absl::Status Unimplemented() { return absl::UnimplementedError("a store of artifacts"); }

  class InMemory final : public Transaction {
   public:
    explicit InMemory(Rows& rows) : rows_(rows) {}

    absl::StatusOr<std::optional<store::ArtifactRow>> GetArtifact(
        const std::string& sha256) override {
      const auto found = rows_.artifacts.find(sha256);
      if (found == rows_.artifacts.end()) return std::nullopt;
      return found->second;
    }
    absl::Status PutArtifact(const store::ArtifactRow& artifact) override {
      rows_.artifacts[artifact.sha256()] = artifact;
      return absl::OkStatus();
    }
    absl::Status DeleteArtifact(const std::string& sha256) override {
      rows_.artifacts.erase(sha256);
      return absl::OkStatus();
    }
    absl::Status AddReference(const std::string& sha256, const std::string& owner) override {
      rows_.references.insert({sha256, owner});
      return absl::OkStatus();
    }
    absl::Status RemoveReferences(const std::string& owner) override {
      for (auto it = rows_.references.begin(); it != rows_.references.end();) {
        it = it->second == owner ? rows_.references.erase(it) : std::next(it);
      }
      return absl::OkStatus();
    }
    absl::StatusOr<std::vector<store::ArtifactRow>> UnreferencedArtifacts(
        int64_t time_ms) override {
      std::vector<store::ArtifactRow> unreferenced;
      for (const auto& entry : rows_.artifacts) {
        const auto reference = rows_.references.lower_bound({entry.first, ""});
        const bool referenced =
            reference != rows_.references.end() && reference->first == entry.first;
        if (!referenced && entry.second.create_time_ms() < time_ms) {
          unreferenced.push_back(entry.second);
        }
      }
      return unreferenced;
    }
    absl::StatusOr<int64_t> ArtifactBytes() override {
      int64_t bytes = 0;
      for (const auto& entry : rows_.artifacts) bytes += entry.second.size_bytes();
      return bytes;
    }

    absl::StatusOr<std::optional<v1::Search>> GetSearch(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutSearch(const v1::Search&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<Listed<v1::Search>>> ListSearches(std::optional<v1::Search::State>,
                                                                 const Page&) override {
      return Unimplemented();
    }
    absl::StatusOr<int64_t> CountSearches(v1::Search::State) override { return Unimplemented(); }
    absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(const std::string&,
                                                              int64_t) override {
      return Unimplemented();
    }
    absl::Status PutCandidate(const v1::Candidate&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<Listed<v1::Candidate>>> ListCandidates(
        const std::string&, std::optional<v1::Candidate::State>, const Page&) override {
      return Unimplemented();
    }
    absl::StatusOr<int64_t> InsertTask(const store::Task&) override { return Unimplemented(); }
    absl::StatusOr<std::optional<store::Task>> GetTask(int64_t) override { return Unimplemented(); }
    absl::Status UpdateTask(const store::Task&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<store::Task>> ListTasks(const TaskQuery&) override {
      return Unimplemented();
    }
    absl::StatusOr<int64_t> CountTasks(const TaskQuery&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<QueuedOwner>> QueuedOwners(store::Task::Kind,
                                                          const std::string&) override {
      return Unimplemented();
    }
    absl::StatusOr<std::optional<store::Task>> NextQueued(store::Task::Kind, const std::string&,
                                                          const std::string&,
                                                          const std::vector<int64_t>&) override {
      return Unimplemented();
    }
    absl::Status InsertLateResult(const store::LateResult&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<store::LateResult>> ListLateResults(int64_t) override {
      return Unimplemented();
    }
    absl::StatusOr<std::optional<v1::Board>> GetBoard(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutBoard(const v1::Board&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<v1::Board>> ListBoards() override { return Unimplemented(); }
    absl::StatusOr<std::optional<v1::Member>> GetMember(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutMember(const v1::Member&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<v1::Member>> ListMembers() override { return Unimplemented(); }
    absl::StatusOr<std::optional<v1::MeasurementJob>> GetMeasurement(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutMeasurement(const v1::MeasurementJob&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<Listed<v1::MeasurementJob>>> ListMeasurements(const Page&) override {
      return Unimplemented();
    }
    absl::StatusOr<std::optional<store::CachedMeasurement>> GetCached(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutCached(const store::CachedMeasurement&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<store::CachedMeasurement>> ListCached(const std::string&,
                                                                     int32_t) override {
      return Unimplemented();
    }
    absl::StatusOr<std::optional<store::Predictor>> GetPredictor(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutPredictor(const store::Predictor&) override { return Unimplemented(); }
    absl::StatusOr<int64_t> InsertEvent(const v1::Event&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<v1::Event>> ListEvents(const std::string&, const Page&) override {
      return Unimplemented();
    }
    absl::StatusOr<std::optional<store::Request>> GetRequest(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutRequest(const store::Request&) override { return Unimplemented(); }
    absl::Status DeleteRequestsBefore(int64_t) override { return Unimplemented(); }
    absl::StatusOr<std::optional<store::Token>> GetToken(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutToken(const store::Token&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<store::Token>> ListTokens() override { return Unimplemented(); }
    absl::Status DeleteToken(const std::string&) override { return Unimplemented(); }
    absl::Status DeleteTokensBefore(int64_t) override { return Unimplemented(); }
    absl::StatusOr<std::optional<store::KnownIdentity>> GetIdentity(const std::string&) override {
      return Unimplemented();
    }
    absl::Status PutIdentity(const store::KnownIdentity&) override { return Unimplemented(); }
    absl::StatusOr<std::vector<store::KnownIdentity>> ListIdentities() override {
      return Unimplemented();
    }

   private:
    Rows& rows_;
  };

  std::mutex mu_;
  // Guarded by mu_.
  Rows rows_;
  absl::Status run_fails_;
};

}  // namespace boardloop
