// How long the store keeps its callers waiting, and how large it is.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "core/metrics/metrics.h"
#include "server/store/sqlite_store.h"
#include "server/store/store.h"

namespace boardloop {

// Thread-safe.
class StoreMetrics {
 public:
  explicit StoreMetrics(Metrics& metrics);  // Not owned.

  // Of the thread that all wait for.
  void Committed(const CommitStats& stats);
  // `store`, with the times of its calls counted here. We outlive it.
  std::unique_ptr<Store> Watch(std::unique_ptr<Store> store);
  // Looks up the sizes of the files in a state folder, and what artifacts take.
  absl::Status LookUp(Store& store, const std::string& state_folder);

 private:
  class WatchedStore;

  prometheus::Histogram& commit_seconds_;
  prometheus::Histogram& wait_seconds_;
  prometheus::Counter& transactions_;
  prometheus::Gauge& queue_length_;
  prometheus::Gauge& wal_bytes_;
  prometheus::Gauge& database_bytes_;
  prometheus::Gauge& artifact_bytes_;
  prometheus::Gauge& free_bytes_;
  std::atomic<int64_t> waiting_{0};
};

}  // namespace boardloop
