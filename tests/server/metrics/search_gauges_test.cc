// Looking up searches costs what those with a slot cost, however many there are.
#include "server/metrics/search_gauges.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/metrics_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

// Counts reads.
class CountingStore : public Store {
 public:
  explicit CountingStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  absl::Status Run(const Work& work) override { return store_->Run(work); }
  absl::Status Read(const Work& work) override {
    ++reads;
    return store_->Read(work);
  }
  absl::Status Backup(const std::string& path) override { return store_->Backup(path); }

  int reads = 0;

 private:
  const std::unique_ptr<Store> store_;
};

class SearchGaugesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(folder_.Path("db"), {});
    ASSERT_THAT(store, IsOk());
    store_ = std::make_unique<CountingStore>(*std::move(store));
    absl::StatusOr<std::unique_ptr<ArtifactFiles>> artifacts =
        ArtifactFiles::Create(folder_.Path("artifacts"), *store_, {});
    ASSERT_THAT(artifacts, IsOk());
    artifacts_ = *std::move(artifacts);
    engine_ = std::make_unique<SearchEngine>(*store_, clock_, /*threads=*/1);
    scheduler_ = std::make_unique<Scheduler>(*store_, clock_, *engine_, Scheduler::Options());
    engine_->Connect(*scheduler_, *artifacts_);
  }

  void AddSearch(const std::string& name, v1::Search::State state, int candidates) {
    ASSERT_THAT(store_->Run([&](Transaction& tx) -> absl::Status {
      v1::Search search = SearchRow(name, state);
      search.set_stage(state == v1::Search::RUNNING ? v1::Search::EVOLUTION : v1::Search::DONE);
      search.mutable_limits()->set_latency_ms(100);
      search.mutable_limits()->set_sram_bytes(1000);
      BL_RETURN_IF_ERROR(tx.PutSearch(search));
      for (int i = 1; i <= candidates; ++i) {
        v1::Candidate candidate = CandidateRow(name, i, v1::Candidate::FEASIBLE);
        candidate.set_top1(0.8);
        candidate.set_latency_ms(50);
        candidate.set_planned_sram_bytes(500);
        candidate.set_generation(3);
        BL_RETURN_IF_ERROR(tx.PutCandidate(candidate));
      }
      return absl::OkStatus();
    }),
                IsOk());
  }
  int ReadsOfLookUp(SearchGauges& gauges) {
    store_->reads = 0;
    EXPECT_THAT(gauges.LookUp(*store_, *engine_), IsOk());
    return store_->reads;
  }

  TestFolder folder_;
  FakeClock clock_;
  std::unique_ptr<CountingStore> store_;
  std::unique_ptr<ArtifactFiles> artifacts_;
  std::unique_ptr<SearchEngine> engine_;
  std::unique_ptr<Scheduler> scheduler_;
  Metrics metrics_{"boardloop-server", "test"};
  SearchSlots slots_;
};

TEST_F(SearchGaugesTest, ARunningSearchIsShownInItsSlot) {
  AddSearch("searches/a", v1::Search::RUNNING, 10);
  SearchGauges gauges(metrics_, clock_, slots_);
  ReadsOfLookUp(gauges);
  const std::string text = metrics_.Render();
  EXPECT_EQ(ValueOf(text, "boardloop_searches{state=\"running\"}"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_search_stage{slot=\"1\",stage=\"evolution\"}"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_search_stage{slot=\"1\",stage=\"supernet\"}"), 0);
  EXPECT_EQ(ValueOf(text, "boardloop_search_candidates{slot=\"1\",state=\"feasible\"}"), 10);
  EXPECT_DOUBLE_EQ(ValueOf(text, "boardloop_search_best_top1_ratio{slot=\"1\"}"), 0.8);
  EXPECT_DOUBLE_EQ(ValueOf(text, "boardloop_search_front_hypervolume_ratio{slot=\"1\"}"), 0.2);
  EXPECT_EQ(ValueOf(text, "boardloop_search_generation{slot=\"1\"}"), 3);
  EXPECT_EQ(ValueOf(text, "boardloop_search_generation{slot=\"2\"}"), 0);
}

TEST_F(SearchGaugesTest, CandidatesAreReadAgainUntilTheyAreResolved) {
  AddSearch("searches/a", v1::Search::RUNNING, 3);
  const auto put = [&](int number, v1::Candidate::State state) {
    EXPECT_THAT(store_->Run([&](Transaction& tx) {
      return tx.PutCandidate(CandidateRow("searches/a", number, state));
    }),
                IsOk());
  };
  put(4, v1::Candidate::PENDING);
  put(5, v1::Candidate::FAILED);
  SearchGauges gauges(metrics_, clock_, slots_);
  ReadsOfLookUp(gauges);
  const std::string pending = "boardloop_search_candidates{slot=\"1\",state=\"pending\"}";
  EXPECT_EQ(ValueOf(metrics_.Render(), pending), 1);
  put(4, v1::Candidate::INFEASIBLE);
  put(6, v1::Candidate::PENDING);
  put(7, v1::Candidate::PENDING);
  ReadsOfLookUp(gauges);
  const std::string text = metrics_.Render();
  EXPECT_EQ(ValueOf(text, pending), 2);
  EXPECT_EQ(ValueOf(text, "boardloop_search_candidates{slot=\"1\",state=\"feasible\"}"), 3);
  EXPECT_EQ(ValueOf(text, "boardloop_search_candidates{slot=\"1\",state=\"infeasible\"}"), 1);
  EXPECT_EQ(ValueOf(text, "boardloop_search_candidates{slot=\"1\",state=\"failed\"}"), 1);
}

TEST_F(SearchGaugesTest, EndedSearchesAreReadOnceAndOnlyThoseWithASlot) {
  for (int i = 1; i <= 50; ++i) {
    AddSearch(absl::StrCat("searches/s", i), v1::Search::SUCCEEDED, 1000);
  }
  SearchGauges gauges(metrics_, clock_, slots_);
  // One read for the counts, one for the slots, one for each search that is shown.
  EXPECT_EQ(ReadsOfLookUp(gauges), 2 + SearchSlots::kSlots);
  EXPECT_EQ(ReadsOfLookUp(gauges), 2);
  AddSearch("searches/running", v1::Search::RUNNING, 10);
  const int with_running = ReadsOfLookUp(gauges);
  EXPECT_EQ(ReadsOfLookUp(gauges), with_running) << "a running one is read each time";
  EXPECT_LE(with_running, 2 + 2);
  EXPECT_EQ(ValueOf(metrics_.Render(), "boardloop_searches{state=\"succeeded\"}"), 50);
}

}  // namespace
}  // namespace boardloop
