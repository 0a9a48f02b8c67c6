// The store: durable transactions a second by number of callers, reads, and the scheduler's questions at 1,000,000 tasks.
//
// The database lies in TMPDIR, which must be on the disk that is to be measured: /tmp is in memory on some systems.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "glog/logging.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr int64_t kCandidates = 100'000;
constexpr int64_t kTasks = 1'000'000;
constexpr int64_t kQueued = 100'000;
constexpr int kSearches = 20;
constexpr char kType[] = "virtual-stm32f405";

// A store in a folder of its own, gone with it.
class BenchStore {
 public:
  BenchStore() : folder_((std::filesystem::temp_directory_path() / "store_bench.XXXXXX").string()) {
    CHECK_NE(mkdtemp(folder_.data()), nullptr) << folder_;
    SqliteStore::Options options;
    options.on_commit = [this](const CommitStats& stats) {
      ++commits_;
      calls_ += stats.calls;
    };
    absl::StatusOr<std::unique_ptr<SqliteStore>> store =
        SqliteStore::Open(folder_ + "/db", options);
    CHECK(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  ~BenchStore() {
    store_ = nullptr;
    std::filesystem::remove_all(folder_);
  }
  SqliteStore& store() { return *store_; }
  double calls_per_commit() const {
    return static_cast<double>(calls_) / std::max<double>(1, static_cast<double>(commits_));
  }

 private:
  std::string folder_;
  std::atomic<int64_t> commits_{0}, calls_{0};
  std::unique_ptr<SqliteStore> store_;
};

std::string SearchName(int64_t i) { return absl::StrFormat("searches/s%d", i % kSearches); }

store::Task MakeTask(int64_t i) {
  store::Task task;
  task.set_owner(SearchName(i));
  task.set_candidate(1 + i % 5000);
  task.set_kind(store::Task::MEASURE);
  task.set_state(i < kTasks - kQueued ? store::Task::DONE : store::Task::QUEUED);
  task.set_holder(i < kTasks - kQueued ? absl::StrFormat("members/m%d", i % 50) : "");
  task.set_epoch(1);
  task.set_requirement(kType);
  task.set_create_time_ms(i);
  // About as large as the payload and the result of a measurement are.
  task.mutable_payload()->mutable_measure()->set_graph_digest(std::string(400, 'x'));
  return task;
}

absl::Status Fill(SqliteStore& store) {
  absl::Status status = store.Run([](Transaction& tx) {
    absl::Status put;
    for (int i = 0; i < kSearches && put.ok(); ++i) {
      v1::Search search;
      search.set_name(SearchName(i));
      search.set_state(v1::Search::RUNNING);
      put = tx.PutSearch(search);
    }
    for (int64_t i = 0; i < kCandidates && put.ok(); ++i) {
      v1::Candidate candidate;
      candidate.set_name(absl::StrFormat("%s/candidates/%d", SearchName(i), 1 + i / kSearches));
      candidate.set_state(v1::Candidate::FEASIBLE);
      candidate.set_subnet(std::string(400, 'x'));
      put = tx.PutCandidate(candidate);
    }
    return put;
  });
  for (int64_t begin = 0; begin < kTasks && status.ok(); begin += 10'000) {
    status = store.Run([begin](Transaction& tx) {
      absl::Status put;
      for (int64_t i = begin; i < begin + 10'000 && put.ok(); ++i) {
        put = tx.InsertTask(MakeTask(i)).status();
      }
      return put;
    });
  }
  return status;
}

// Filled once for all benchmarks that read it: about 1 GB, a minute or two.
SqliteStore& LargeStore() {
  static BenchStore* large = [] {
    static BenchStore store;  // Its folder is removed at the end of the program.
    const absl::Status filled = Fill(store.store());
    CHECK(filled.ok()) << filled;
    return &store;
  }();
  return large->store();
}

// Shared by the threads of one benchmark.
std::unique_ptr<BenchStore> shared;

void MakeShared(const benchmark::State&) { shared = std::make_unique<BenchStore>(); }
void EndShared(const benchmark::State&) { shared = nullptr; }

// What a Synchronize that hands in a result does: a task changes and a new one comes.
void DurableTransactions(benchmark::State& state) {
  SqliteStore& store = shared->store();
  for (auto _ : state) {
    const absl::Status status = store.Run([](Transaction& tx) -> absl::Status {
      absl::StatusOr<int64_t> id = tx.InsertTask(MakeTask(kTasks));
      if (!id.ok()) return id.status();
      absl::StatusOr<std::optional<store::Task>> task = tx.GetTask(*id);
      if (!task.ok()) return task.status();
      (*task)->set_state(store::Task::RUNNING);
      (*task)->set_holder("members/m");
      return tx.UpdateTask(**task);
    });
    CHECK(status.ok()) << status;
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) state.counters["calls_per_commit"] = shared->calls_per_commit();
}
BENCHMARK(DurableTransactions)
    ->Setup(MakeShared)
    ->Teardown(EndShared)
    ->Threads(1)
    ->Threads(8)
    ->Threads(64)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void Read(benchmark::State& state, SqliteStore& store, const Work& work) {
  for (auto _ : state) {
    const absl::Status status = store.Read(work);
    CHECK(status.ok()) << status;
  }
  state.SetItemsProcessed(state.iterations());
}

void GetTask(benchmark::State& state) {
  SqliteStore& store = LargeStore();
  std::atomic<int64_t> next{1};
  Read(state, store,
       [&](Transaction& tx) { return tx.GetTask(1 + (next += 7919) % kTasks).status(); });
}
BENCHMARK(GetTask)->Threads(1)->Threads(8)->UseRealTime()->Unit(benchmark::kMicrosecond);

void NextQueued(benchmark::State& state) {
  Read(state, LargeStore(), [](Transaction& tx) {
    return tx.NextQueued(store::Task::MEASURE, kType, SearchName(3), {}).status();
  });
}
BENCHMARK(NextQueued)->UseRealTime()->Unit(benchmark::kMicrosecond);

void QueuedOwners(benchmark::State& state) {
  Read(state, LargeStore(),
       [](Transaction& tx) { return tx.QueuedOwners(store::Task::MEASURE, kType).status(); });
}
BENCHMARK(QueuedOwners)->UseRealTime()->Unit(benchmark::kMicrosecond);

void CountTasksOfAnOwner(benchmark::State& state) {
  TaskQuery query;
  query.owner = SearchName(3);
  query.state = store::Task::DONE;
  Read(state, LargeStore(), [&](Transaction& tx) { return tx.CountTasks(query).status(); });
}
BENCHMARK(CountTasksOfAnOwner)->UseRealTime()->Unit(benchmark::kMicrosecond);

void ListTasksOfAHolder(benchmark::State& state) {
  TaskQuery query;
  query.holder = "members/m7";
  query.state = store::Task::RUNNING;
  Read(state, LargeStore(), [&](Transaction& tx) { return tx.ListTasks(query).status(); });
}
BENCHMARK(ListTasksOfAHolder)->UseRealTime()->Unit(benchmark::kMicrosecond);

// One page of the API.
void ListAHundredCandidates(benchmark::State& state) {
  Read(state, LargeStore(), [](Transaction& tx) {
    return tx.ListCandidates(SearchName(3), v1::Candidate::FEASIBLE, {2500, 100}).status();
  });
}
BENCHMARK(ListAHundredCandidates)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace boardloop
