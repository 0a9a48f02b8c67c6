#include "server/metrics/store_metrics.h"

#include <chrono>
#include <filesystem>

#include "core/base/status.h"

namespace boardloop {
namespace {

using SteadyClock = std::chrono::steady_clock;

const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const auto& buckets = *new prometheus::Histogram::BucketBoundaries{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1};
  return buckets;
}

// 0 where there is none: the log goes when a database is closed.
double SizeOf(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<double>(size);
}

}  // namespace

// The same store; it takes the time of calls.
class StoreMetrics::WatchedStore final : public Store {
 public:
  WatchedStore(StoreMetrics& metrics, std::unique_ptr<Store> store)
      : metrics_(metrics), store_(std::move(store)) {}

  absl::Status Run(const Work& work) override {
    const SteadyClock::time_point start = SteadyClock::now();
    ++metrics_.waiting_;
    absl::Status status = store_->Run(work);
    --metrics_.waiting_;
    metrics_.wait_seconds_.Observe(
        std::chrono::duration<double>(SteadyClock::now() - start).count());
    if (status.ok()) metrics_.transactions_.Increment();
    return status;
  }
  absl::Status Read(const Work& work) override {
    ++metrics_.waiting_;
    absl::Status status = store_->Read(work);
    --metrics_.waiting_;
    return status;
  }
  absl::Status Backup(const std::string& path) override { return store_->Backup(path); }

 private:
  StoreMetrics& metrics_;
  const std::unique_ptr<Store> store_;
};

StoreMetrics::StoreMetrics(Metrics& metrics)
    : commit_seconds_(
          metrics
              .AddHistograms("store_commit_seconds",
                             "Of one commit, which serves all that waited for it: until it was "
                             "durable.")
              .Add({}, Buckets())),
      wait_seconds_(metrics
                        .AddHistograms("store_wait_seconds",
                                       "What a caller waited for its transaction, from asking "
                                       "until it was durable.")
                        .Add({}, Buckets())),
      transactions_(
          metrics.AddCounters("store_transactions_total", "Transactions that are durable.")
              .Add({})),
      queue_length_(metrics
                        .AddGauges("store_queue_length",
                                   "Transactions and reads that wait for the store or run in it.")
                        .Add({})),
      wal_bytes_(metrics.AddGauges("store_wal_bytes", "Size of the write-ahead log.").Add({})),
      database_bytes_(
          metrics.AddGauges("store_database_bytes", "Size of the database, without its log.")
              .Add({})),
      artifact_bytes_(
          metrics.AddGauges("artifact_bytes", "What all artifacts take on the disk.").Add({})),
      free_bytes_(
          metrics
              .AddGauges("state_free_bytes", "Free on the disk of the state folder, for this user.")
              .Add({})) {}

void StoreMetrics::Committed(const CommitStats& stats) {
  if (stats.committed) commit_seconds_.Observe(absl::ToDoubleSeconds(stats.commit));
}

std::unique_ptr<Store> StoreMetrics::Watch(std::unique_ptr<Store> store) {
  return std::make_unique<WatchedStore>(*this, std::move(store));
}

absl::Status StoreMetrics::LookUp(Store& store, const std::string& state_folder) {
  queue_length_.Set(static_cast<double>(waiting_.load()));  // Before we wait ourselves.
  wal_bytes_.Set(SizeOf(state_folder + "/boardloop.db-wal"));
  database_bytes_.Set(SizeOf(state_folder + "/boardloop.db"));
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(state_folder, error);
  if (!error) free_bytes_.Set(static_cast<double>(space.available));
  return store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const int64_t bytes, tx.ArtifactBytes());
    artifact_bytes_.Set(static_cast<double>(bytes));
    return absl::OkStatus();
  });
}

}  // namespace boardloop
