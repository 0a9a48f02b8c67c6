// A store in memory: as fast as a fake must be, and held to the same suite as the real one (tests/server/store).
//
// Faults: FailNextCommit makes a Run do its work, lose it and say so, as a full disk does.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace boardloop {

// All rows. A copy of it is a backup.
struct MemoryRows {
  // In the order of creation, which is what lists go by.
  template <typename Row>
  struct Created {
    std::map<int64_t, Row> rows;
    std::map<std::string, int64_t> ids;
  };

  Created<v1::Search> searches;
  Created<v1::MeasurementJob> measurements;
  std::map<std::pair<std::string, int64_t>, v1::Candidate> candidates;
  std::map<int64_t, store::Task> tasks;
  std::map<int64_t, store::LateResult> late_results;
  std::map<std::string, v1::Board> boards;
  std::map<std::string, v1::Member> members;
  std::map<std::string, store::CachedMeasurement> cache;
  std::map<std::string, store::Predictor> predictors;
  std::map<int64_t, v1::Event> events;
  std::map<std::string, store::Request> requests;
  std::map<std::string, store::Token> tokens;
  std::map<std::string, store::KnownIdentity> identities;
  std::map<std::string, store::ArtifactRow> artifacts;
  std::map<std::pair<std::string, std::string>, bool> references;  // (sha256, owner).
};

class MemoryStore final : public Store {
 public:
  MemoryStore() = default;
  explicit MemoryStore(MemoryRows rows) : rows_(std::move(rows)) {}

  absl::Status Run(const Work& work) override;
  absl::Status Read(const Work& work) override;
  // An empty file stands for the copy, which OpenBackup finds again in this process.
  absl::Status Backup(const std::string& path) override;
  std::unique_ptr<MemoryStore> OpenBackup(const std::string& path);

  // The next Run whose work succeeds is rolled back and returns `error`.
  void FailNextCommit(const absl::Status& error);

 private:
  std::mutex mu_;
  // Guarded by mu_.
  MemoryRows rows_;
  absl::Status fault_;
  std::map<std::string, MemoryRows> backups_;
};

}  // namespace boardloop
