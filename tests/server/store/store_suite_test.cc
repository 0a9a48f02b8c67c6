#include "tests/server/store/store_suite.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/dump_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Property;

constexpr char kA[] = "searches/a";
constexpr char kB[] = "searches/b";
constexpr char kType[] = "virtual-stm32f405";

class SqliteUnderTest : public StoreUnderTest {
 public:
  explicit SqliteUnderTest(const TestFolder& folder) : store_(OpenAt(folder.Path("db"))) {}
  Store& store() override { return *store_; }
  std::unique_ptr<Store> OpenBackup(const std::string& path) override { return OpenAt(path); }

 private:
  static std::unique_ptr<SqliteStore> OpenAt(const std::string& path) {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, {});
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }
  std::unique_ptr<SqliteStore> store_;
};

class MemoryUnderTest : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  std::unique_ptr<Store> OpenBackup(const std::string& path) override {
    return store_.OpenBackup(path);
  }

 private:
  MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreSuite,
                         ::testing::Values(StoreKind{"Sqlite",
                                                     [](const TestFolder& folder) {
                                                       return std::make_unique<SqliteUnderTest>(
                                                           folder);
                                                     }},
                                           StoreKind{"Memory",
                                                     [](const TestFolder&) {
                                                       return std::make_unique<MemoryUnderTest>();
                                                     }}),
                         [](const auto& kind) { return kind.param.name; });

MATCHER_P(IsMessage, other, "is the message " + other.ShortDebugString()) {
  *result_listener << arg.ShortDebugString();
  return arg.SerializeAsString() == other.SerializeAsString();
}

template <typename Row>
std::vector<std::string> Names(const std::vector<Listed<Row>>& rows) {
  std::vector<std::string> names;
  for (const Listed<Row>& row : rows) names.push_back(row.row.name());
  return names;
}

std::vector<int64_t> Ids(const absl::StatusOr<std::vector<store::Task>>& tasks) {
  EXPECT_THAT(tasks, IsOk());
  std::vector<int64_t> ids;
  for (const store::Task& task : *tasks) ids.push_back(task.id());
  return ids;
}

std::vector<std::string> Texts(const absl::StatusOr<std::vector<v1::Event>>& events) {
  EXPECT_THAT(events, IsOk());
  std::vector<std::string> texts;
  for (const v1::Event& event : *events) texts.push_back(event.text());
  return texts;
}

}  // namespace

void StoreSuite::Run(const Work& work) { ASSERT_THAT(store().Run(work), IsOk()); }

namespace {

// ---- Transactions

TEST_P(StoreSuite, AnEmptyStoreHasNothing) {
  ASSERT_THAT(store().Read([](Transaction& tx) {
    EXPECT_THAT(tx.GetSearch(kA), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetCandidate(kA, 1), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetTask(1), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetBoard("boards/a"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetMember("members/a"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetMeasurement("measurements/a"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetCached("k"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetPredictor(kType), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetRequest("r"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetToken("t"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetIdentity("user/a"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.GetArtifact("f"), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.ArtifactBytes(), IsOkAndHolds(0));
    EXPECT_THAT(tx.CountTasks({}), IsOkAndHolds(0));
    return absl::OkStatus();
  }),
              IsOk());
}

// One write of each kind, on rows that are there and on rows that are not.
absl::Status WriteEverything(Transaction& tx, const std::string& tag) {
  const std::string search = "searches/" + tag;
  BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(search)));
  BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA, v1::Search::FAILED)));
  BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(search, 1)));
  BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1, v1::Candidate::FAILED)));
  BL_ASSIGN_OR_RETURN(const int64_t id, tx.InsertTask(TaskRow(search)));
  BL_ASSIGN_OR_RETURN(std::optional<store::Task> task, tx.GetTask(id));
  BL_RETURN_IF_ERROR(tx.UpdateTask(Granted(*task, "members/" + tag)));
  store::LateResult late;
  late.set_task(1);
  BL_RETURN_IF_ERROR(tx.InsertLateResult(late));
  v1::Board board;
  board.set_name("boards/" + tag);
  BL_RETURN_IF_ERROR(tx.PutBoard(board));
  v1::Member member;
  member.set_name("members/" + tag);
  BL_RETURN_IF_ERROR(tx.PutMember(member));
  BL_RETURN_IF_ERROR(tx.PutMeasurement(MeasurementRow("measurements/" + tag)));
  store::CachedMeasurement cached;
  cached.set_key(tag);
  cached.set_board_type(kType);
  BL_RETURN_IF_ERROR(tx.PutCached(cached));
  store::Predictor predictor;
  predictor.set_board_type(kType);
  predictor.set_search(search);
  BL_RETURN_IF_ERROR(tx.PutPredictor(predictor));
  BL_RETURN_IF_ERROR(tx.InsertEvent(EventRow(search, tag)).status());
  BL_RETURN_IF_ERROR(tx.InsertEvent(EventRow("boards/" + tag, tag)).status());
  store::Request request;
  request.set_request_id(tag);
  BL_RETURN_IF_ERROR(tx.PutRequest(request));
  BL_RETURN_IF_ERROR(tx.PutToken(TokenRow(tag, 10)));
  store::KnownIdentity identity;
  identity.set_identity("user/" + tag);
  BL_RETURN_IF_ERROR(tx.PutIdentity(identity));
  BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact(tag, 7, 7)));
  BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("gone" + tag, 5, 5)));
  BL_RETURN_IF_ERROR(tx.AddReference(tag, search));
  BL_RETURN_IF_ERROR(tx.DeleteArtifact("gone" + tag));
  return tx.RemoveReferences("an owner of " + tag);
}

absl::Status WriteFirstRows(Transaction& tx) {
  BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
  BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1)));
  BL_RETURN_IF_ERROR(tx.InsertTask(TaskRow(kA)).status());
  return WriteEverything(tx, "first");
}

TEST_P(StoreSuite, AnErrorLeavesNothingBehindAndIsReturned) {
  Run(WriteFirstRows);
  const absl::StatusOr<std::string> before = DumpStore(store());
  ASSERT_THAT(before, IsOk());

  const absl::Status refused = store().Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(WriteEverything(tx, "second"));
    BL_RETURN_IF_ERROR(tx.RemoveReferences("searches/first"));
    BL_RETURN_IF_ERROR(tx.DeleteRequestsBefore(1000));
    return absl::AbortedError("changed my mind");
  });

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted, "changed my mind"));
  EXPECT_EQ(*DumpStore(store()), *before);
  ASSERT_THAT(store().Read([](Transaction& tx) {
    EXPECT_THAT(tx.GetRequest("first"), IsOkAndHolds(Optional(::testing::_)));
    EXPECT_THAT(tx.GetRequest("second"), IsOkAndHolds(Eq(std::nullopt)));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, WritesAreSeenWithinTheirTransactionAndByLaterReads) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
    EXPECT_THAT(tx.GetSearch(kA), IsOkAndHolds(Optional(IsMessage(SearchRow(kA)))));
    return absl::OkStatus();
  });
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetSearch(kA); }),
              IsOkAndHolds(Optional(IsMessage(SearchRow(kA)))));
}

TEST_P(StoreSuite, WhatFollowsACommitRunsOnceAndOnlyIfItIsDurable) {
  std::vector<int> ran;
  Run([&](Transaction& tx) {
    tx.AfterCommit([&] {
      ran.push_back(1);
      // It is the caller's thread: the store may be asked.
      EXPECT_THAT(ReadValue(store(), [](Transaction& read) { return read.GetSearch(kA); }), IsOk());
    });
    tx.AfterCommit([&] { ran.push_back(2); });
    return tx.PutSearch(SearchRow(kA));
  });
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_FALSE(store()
                   .Run([&](Transaction& tx) {
                     tx.AfterCommit([&] { ran.push_back(3); });
                     return absl::AbortedError("as told");
                   })
                   .ok());
  EXPECT_THAT(store().Read([&](Transaction& tx) {
    tx.AfterCommit([&] { ran.push_back(4); });
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST_P(StoreSuite, SearchesAreCountedByState) {
  Run([](Transaction& tx) -> absl::Status {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kB, v1::Search::FAILED)));
    return tx.PutSearch(SearchRow("searches/c", v1::Search::FAILED));
  });
  const auto count = [&](v1::Search::State state) {
    return ReadValue(store(), [&](Transaction& tx) { return tx.CountSearches(state); });
  };
  EXPECT_THAT(count(v1::Search::RUNNING), IsOkAndHolds(1));
  EXPECT_THAT(count(v1::Search::FAILED), IsOkAndHolds(2));
  EXPECT_THAT(count(v1::Search::SUCCEEDED), IsOkAndHolds(0));
}

TEST_P(StoreSuite, AReadCannotWrite) {
  Run([](Transaction& tx) { return tx.PutSearch(SearchRow(kA)); });
  const absl::StatusOr<std::string> before = DumpStore(store());
  EXPECT_THAT(store().Read([](Transaction& tx) { return tx.PutSearch(SearchRow(kB)); }),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Store::Read")));
  EXPECT_THAT(store().Read([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store().Read([](Transaction& tx) { return tx.DeleteRequestsBefore(1); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(*DumpStore(store()), *before);
}

TEST_P(StoreSuite, ARefusedWriteDoesNotEndTheTransaction) {
  Run([](Transaction& tx) {
    EXPECT_THAT(tx.PutCandidate(CandidateRow("searches/none", 1)),
                StatusIs(absl::StatusCode::kFailedPrecondition));
    return tx.PutSearch(SearchRow(kA));
  });
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetSearch(kA); }),
              IsOkAndHolds(Optional(::testing::_)));
}

TEST_P(StoreSuite, EightThreadsLoseNoUpdate) {
  constexpr int kThreads = 8;
  constexpr int kRuns = 50;
  Run([](Transaction& tx) { return tx.PutSearch(SearchRow(kA)); });
  const Work raise = [](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(kA));
    v1::SearchProgress& progress = *search->mutable_progress();
    progress.set_candidates(progress.candidates() + 1);
    BL_RETURN_IF_ERROR(tx.PutSearch(*search));
    return tx.InsertTask(TaskRow(kA)).status();
  };
  const Work fail = [&raise](Transaction& tx) -> absl::Status {
    BL_RETURN_IF_ERROR(raise(tx));
    return absl::AbortedError("on purpose");
  };
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRuns; ++i) {
        if (!store().Run(raise).ok()) ++wrong;
        if (!absl::IsAborted(store().Run(fail))) ++wrong;
        // Both rows change together: no read sees one without the other.
        const absl::Status read = store().Read([&](Transaction& tx) -> absl::Status {
          BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(kA));
          BL_ASSIGN_OR_RETURN(const int64_t tasks, tx.CountTasks({}));
          if (search->progress().candidates() != tasks) ++wrong;
          return absl::OkStatus();
        });
        if (!read.ok()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.CountTasks({}); }),
              IsOkAndHolds(kThreads * kRuns));
}

// ---- Searches and candidates

TEST_P(StoreSuite, SearchesAreListedNewestFirstPageByPage) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow("searches/1")));
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow("searches/2", v1::Search::FAILED)));
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow("searches/3")));
    // Replaced, which changes nothing of its place.
    return tx.PutSearch(SearchRow("searches/1", v1::Search::CANCELLED));
  });
  ASSERT_THAT(store().Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(auto first, tx.ListSearches(std::nullopt, {0, 2}));
    EXPECT_THAT(Names(first), ElementsAre("searches/3", "searches/2"));
    BL_ASSIGN_OR_RETURN(auto second, tx.ListSearches(std::nullopt, {first[1].position, 2}));
    EXPECT_THAT(Names(second), ElementsAre("searches/1"));
    EXPECT_EQ(second[0].row.state(), v1::Search::CANCELLED);
    BL_ASSIGN_OR_RETURN(auto end, tx.ListSearches(std::nullopt, {second[0].position, 2}));
    EXPECT_THAT(Names(end), IsEmpty());
    BL_ASSIGN_OR_RETURN(auto running, tx.ListSearches(v1::Search::RUNNING, {}));
    EXPECT_THAT(Names(running), ElementsAre("searches/3"));
    BL_ASSIGN_OR_RETURN(auto later, tx.ListSearches(v1::Search::RUNNING, {running[0].position}));
    EXPECT_THAT(Names(later), IsEmpty());
    BL_ASSIGN_OR_RETURN(auto none, tx.ListSearches(std::nullopt, {0, 0}));
    EXPECT_THAT(Names(none), IsEmpty());
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, CandidatesAreListedByNumberWithinTheirSearch) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kB)));
    BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kB, 1)));
    BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 10)));
    BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 9, v1::Candidate::FEASIBLE)));
    return tx.PutCandidate(CandidateRow(kA, 2));
  });
  ASSERT_THAT(store().Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(auto first, tx.ListCandidates(kA, std::nullopt, {0, 2}));
    EXPECT_THAT(Names(first), ElementsAre("searches/a/candidates/2", "searches/a/candidates/9"));
    EXPECT_EQ(first[1].position, 9);
    BL_ASSIGN_OR_RETURN(auto second, tx.ListCandidates(kA, std::nullopt, {9, 2}));
    EXPECT_THAT(Names(second), ElementsAre("searches/a/candidates/10"));
    BL_ASSIGN_OR_RETURN(auto feasible, tx.ListCandidates(kA, v1::Candidate::FEASIBLE, {}));
    EXPECT_THAT(Names(feasible), ElementsAre("searches/a/candidates/9"));
    EXPECT_THAT(tx.GetCandidate(kB, 1), IsOkAndHolds(Optional(IsMessage(CandidateRow(kB, 1)))));
    EXPECT_THAT(tx.GetCandidate(kB, 2), IsOkAndHolds(Eq(std::nullopt)));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, ACandidateIsReplacedByItsName) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
    BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1)));
    return tx.PutCandidate(CandidateRow(kA, 1, v1::Candidate::FEASIBLE));
  });
  ASSERT_THAT(store().Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(auto pending, tx.ListCandidates(kA, v1::Candidate::PENDING, {}));
    EXPECT_THAT(pending, IsEmpty());
    BL_ASSIGN_OR_RETURN(auto all, tx.ListCandidates(kA, std::nullopt, {}));
    EXPECT_EQ(all.size(), 1u);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, ReferencesMustLeadSomewhere) {
  EXPECT_THAT(store().Run([](Transaction& tx) { return tx.PutCandidate(CandidateRow(kA, 1)); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store().Run([](Transaction& tx) { return tx.AddReference("f", kA); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store().Run([](Transaction& tx) {
    store::LateResult late;
    late.set_task(7);
    return tx.InsertLateResult(late);
  }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(StoreSuite, RowsWithoutWhatTheyAreFoundByAreRefused) {
  EXPECT_THAT(store().Run([](Transaction& tx) { return tx.PutSearch(SearchRow("a")); }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("searches/{id}")));
  EXPECT_THAT(store().Run([](Transaction& tx) { return tx.InsertTask(TaskRow("")).status(); }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("owner")));
  EXPECT_THAT(
      store().Run([](Transaction& tx) { return tx.InsertEvent(EventRow("", "text")).status(); }),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("subject")));
}

// ---- Tasks

TEST_P(StoreSuite, TaskIdsRiseFromOne) {
  store::Task with_id = TaskRow(kA);
  with_id.set_id(77);
  Run([&](Transaction& tx) {
    EXPECT_THAT(tx.InsertTask(with_id), IsOkAndHolds(1));
    EXPECT_THAT(tx.InsertTask(TaskRow(kA)), IsOkAndHolds(2));
    EXPECT_THAT(tx.GetTask(1), IsOkAndHolds(Optional(Property(&store::Task::id, 1))));
    return absl::OkStatus();
  });
  Run([&](Transaction& tx) {
    EXPECT_THAT(tx.InsertTask(TaskRow(kA)), IsOkAndHolds(3));
    return absl::OkStatus();
  });
}

TEST_P(StoreSuite, AnUnknownTaskCannotBeUpdated) {
  store::Task task = TaskRow(kA);
  task.set_id(5);
  EXPECT_THAT(store().Run([&](Transaction& tx) { return tx.UpdateTask(task); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("task 5")));
}

// Tasks 1 to 4: a of candidate 3, b, a granted to w1, a to score.
absl::Status InsertFourTasks(Transaction& tx) {
  store::Task of_candidate = TaskRow(kA);
  of_candidate.set_candidate(3);
  BL_RETURN_IF_ERROR(tx.InsertTask(of_candidate).status());
  BL_RETURN_IF_ERROR(tx.InsertTask(TaskRow(kB)).status());
  BL_RETURN_IF_ERROR(tx.InsertTask(Granted(TaskRow(kA), "members/w1")).status());
  store::Task score = TaskRow(kA);
  score.set_kind(store::Task::SCORE);
  score.set_requirement("cifar10");
  return tx.InsertTask(score).status();
}

TEST_P(StoreSuite, TasksAreFoundByEachField) {
  Run(InsertFourTasks);
  ASSERT_THAT(store().Read([](Transaction& tx) {
    auto ids = [&tx](const TaskQuery& query) {
      std::vector<int64_t> found = Ids(tx.ListTasks(query));
      EXPECT_THAT(tx.CountTasks(query), IsOkAndHolds(static_cast<int64_t>(found.size())));
      return found;
    };
    EXPECT_THAT(ids({}), ElementsAre(1, 2, 3, 4));
    TaskQuery query;
    query.owner = kA;
    EXPECT_THAT(ids(query), ElementsAre(1, 3, 4));
    query.state = store::Task::QUEUED;
    EXPECT_THAT(ids(query), ElementsAre(1, 4));
    query.kind = store::Task::SCORE;
    EXPECT_THAT(ids(query), ElementsAre(4));
    query = {};
    query.holder = "members/w1";
    EXPECT_THAT(ids(query), ElementsAre(3));
    query.state = store::Task::QUEUED;
    EXPECT_THAT(ids(query), IsEmpty());
    query = {};
    query.requirement = "cifar10";
    EXPECT_THAT(ids(query), ElementsAre(4));
    query = {};
    query.candidate = 3;
    EXPECT_THAT(ids(query), ElementsAre(1));
    query.owner = kB;
    EXPECT_THAT(ids(query), IsEmpty());
    query = {};
    query.state = store::Task::QUEUED;
    EXPECT_THAT(ids(query), ElementsAre(1, 2, 4));
    query.limit = 2;
    EXPECT_THAT(Ids(tx.ListTasks(query)), ElementsAre(1, 2));
    EXPECT_THAT(tx.CountTasks(query), IsOkAndHolds(3));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, AnUpdatedTaskIsFoundByItsNewFieldsOnly) {
  Run(InsertFourTasks);
  Run([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<store::Task> task, tx.GetTask(3));
    task->set_state(store::Task::DONE);
    task->set_holder("members/w2");
    return tx.UpdateTask(*task);
  });
  ASSERT_THAT(store().Read([](Transaction& tx) {
    TaskQuery query;
    query.holder = "members/w1";
    EXPECT_THAT(Ids(tx.ListTasks(query)), IsEmpty());
    query.holder = "members/w2";
    query.state = store::Task::DONE;
    EXPECT_THAT(Ids(tx.ListTasks(query)), ElementsAre(3));
    query = {};
    query.state = store::Task::RUNNING;
    EXPECT_THAT(tx.CountTasks(query), IsOkAndHolds(0));
    query.state = store::Task::DONE;
    EXPECT_THAT(tx.CountTasks(query), IsOkAndHolds(1));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, TheNextTaskIsThatOfHighestPriorityThenLowestId) {
  Run([](Transaction& tx) {
    for (int32_t priority : {-5, 0, 7, 7}) {
      BL_RETURN_IF_ERROR(tx.InsertTask(TaskRow(kA, priority)).status());
    }
    return tx.InsertTask(TaskRow(kB, 100)).status();
  });
  ASSERT_THAT(store().Read([](Transaction& tx) {
    auto next = [&tx](const std::vector<int64_t>& except) -> int64_t {
      auto task = tx.NextQueued(store::Task::MEASURE, kType, kA, except);
      EXPECT_THAT(task, IsOk());
      return task->has_value() ? (*task)->id() : 0;
    };
    EXPECT_EQ(next({}), 3);
    EXPECT_EQ(next({3}), 4);
    EXPECT_EQ(next({4, 3}), 2);
    EXPECT_EQ(next({2, 3, 4}), 1);
    EXPECT_EQ(next({1, 2, 3, 4}), 0);
    EXPECT_THAT(tx.NextQueued(store::Task::SCORE, kType, kA, {}), IsOkAndHolds(Eq(std::nullopt)));
    EXPECT_THAT(tx.NextQueued(store::Task::MEASURE, "", kA, {}), IsOkAndHolds(Eq(std::nullopt)));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, OwnersWithQueuedTasksComeByPriorityThenAge) {
  auto task = [](const std::string& owner, int32_t priority, int64_t time_ms) {
    store::Task row = TaskRow(owner, priority);
    row.set_create_time_ms(time_ms);
    return row;
  };
  Run([&](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.InsertTask(Granted(task(kA, 9, 1), "members/w")).status());
    BL_RETURN_IF_ERROR(tx.InsertTask(task(kA, 0, 30)).status());
    BL_RETURN_IF_ERROR(tx.InsertTask(task(kB, 1, 20)).status());
    BL_RETURN_IF_ERROR(tx.InsertTask(task("measurements/m", 1, 10)).status());
    BL_RETURN_IF_ERROR(tx.InsertTask(task(kB, 0, 5)).status());
    return tx.InsertTask(Granted(task("searches/c", 9, 1), "members/w")).status();
  });
  const absl::StatusOr<std::vector<QueuedOwner>> owners = ReadValue(
      store(), [](Transaction& tx) { return tx.QueuedOwners(store::Task::MEASURE, kType); });
  ASSERT_THAT(owners, IsOk());
  std::vector<std::string> lines;
  for (const QueuedOwner& o : *owners) {
    lines.push_back(absl::StrFormat("%s priority %d id %d queued %d running %d since %d", o.owner,
                                    o.priority, o.oldest_id, o.queued, o.running,
                                    o.oldest_time_ms));
  }
  EXPECT_THAT(lines, ElementsAre("searches/b priority 1 id 3 queued 2 running 0 since 5",
                                 "measurements/m priority 1 id 4 queued 1 running 0 since 10",
                                 "searches/a priority 0 id 2 queued 1 running 1 since 30"));
}

TEST_P(StoreSuite, LateResultsAreKeptInTheOrderTheyCame) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(InsertFourTasks(tx));
    for (int64_t epoch : {3, 1}) {
      store::LateResult late;
      late.set_task(2);
      late.set_epoch(epoch);
      BL_RETURN_IF_ERROR(tx.InsertLateResult(late));
    }
    return absl::OkStatus();
  });
  const auto late = ReadValue(store(), [](Transaction& tx) { return tx.ListLateResults(2); });
  ASSERT_THAT(late, IsOk());
  EXPECT_THAT(*late, ElementsAre(Property(&store::LateResult::epoch, 3),
                                 Property(&store::LateResult::epoch, 1)));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.ListLateResults(1); }),
              IsOkAndHolds(IsEmpty()));
}

// ---- Boards, members, measurements

TEST_P(StoreSuite, BoardsAndMembersAreListedByName) {
  Run([](Transaction& tx) {
    for (const char* name : {"b", "a", "b"}) {
      v1::Board board;
      board.set_name(std::string("boards/") + name);
      board.set_state(v1::Board::IDLE);
      BL_RETURN_IF_ERROR(tx.PutBoard(board));
      v1::Member member;
      member.set_name(std::string("members/") + name);
      BL_RETURN_IF_ERROR(tx.PutMember(member));
    }
    return absl::OkStatus();
  });
  const auto boards = ReadValue(store(), [](Transaction& tx) { return tx.ListBoards(); });
  ASSERT_THAT(boards, IsOk());
  EXPECT_THAT(*boards, ElementsAre(Property(&v1::Board::name, "boards/a"),
                                   Property(&v1::Board::name, "boards/b")));
  const auto members = ReadValue(store(), [](Transaction& tx) { return tx.ListMembers(); });
  ASSERT_THAT(members, IsOk());
  EXPECT_THAT(*members, ElementsAre(Property(&v1::Member::name, "members/a"),
                                    Property(&v1::Member::name, "members/b")));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetBoard("boards/b"); }),
              IsOkAndHolds(Optional(Property(&v1::Board::state, v1::Board::IDLE))));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetMember("members/b"); }),
              IsOkAndHolds(Optional(::testing::_)));
}

TEST_P(StoreSuite, MeasurementsAreListedNewestFirst) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutMeasurement(MeasurementRow("measurements/z")));
    BL_RETURN_IF_ERROR(tx.PutMeasurement(MeasurementRow("measurements/y")));
    return tx.PutMeasurement(MeasurementRow("measurements/x"));
  });
  ASSERT_THAT(store().Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(auto first, tx.ListMeasurements({0, 2}));
    EXPECT_THAT(Names(first), ElementsAre("measurements/x", "measurements/y"));
    BL_ASSIGN_OR_RETURN(auto second, tx.ListMeasurements({first[1].position, 2}));
    EXPECT_THAT(Names(second), ElementsAre("measurements/z"));
    EXPECT_THAT(tx.GetMeasurement("measurements/y"), IsOkAndHolds(Optional(::testing::_)));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreSuite, CachedMeasurementsAreListedNewestFirstByBoardType) {
  Run([](Transaction& tx) {
    auto put = [&tx](const char* key, const char* type, int64_t time_ms) {
      store::CachedMeasurement row;
      row.set_key(key);
      row.set_board_type(type);
      row.set_time_ms(time_ms);
      return tx.PutCached(row);
    };
    BL_RETURN_IF_ERROR(put("k1", kType, 1));
    BL_RETURN_IF_ERROR(put("k3", kType, 5));
    BL_RETURN_IF_ERROR(put("k2", kType, 5));
    BL_RETURN_IF_ERROR(put("k4", "stm32f746", 9));
    return put("k1", kType, 7);
  });
  auto keys = [this](int32_t limit) {
    const auto rows =
        ReadValue(store(), [&](Transaction& tx) { return tx.ListCached(kType, limit); });
    EXPECT_THAT(rows, IsOk());
    std::vector<std::string> found;
    for (const store::CachedMeasurement& row : *rows) found.push_back(row.key());
    return found;
  };
  EXPECT_THAT(keys(10), ElementsAre("k1", "k2", "k3"));
  EXPECT_THAT(keys(2), ElementsAre("k1", "k2"));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetCached("k1"); }),
              IsOkAndHolds(Optional(Property(&store::CachedMeasurement::time_ms, 7))));
}

TEST_P(StoreSuite, ABoardTypeHasTheNewestPredictor) {
  auto put = [](Transaction& tx, const char* type, int32_t measurements) {
    store::Predictor row;
    row.set_board_type(type);
    row.set_measurements(measurements);
    return tx.PutPredictor(row);
  };
  Run([&](Transaction& tx) {
    BL_RETURN_IF_ERROR(put(tx, kType, 20));
    BL_RETURN_IF_ERROR(put(tx, "stm32f746", 30));
    EXPECT_THAT(put(tx, "", 1), StatusIs(absl::StatusCode::kInvalidArgument));
    return put(tx, kType, 40);
  });
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetPredictor(kType); }),
              IsOkAndHolds(Optional(Property(&store::Predictor::measurements, 40))));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetPredictor("stm32f746"); }),
              IsOkAndHolds(Optional(Property(&store::Predictor::measurements, 30))));
}

// ---- Events

TEST_P(StoreSuite, EventsAreListedOldestFirstBySubject) {
  Run([](Transaction& tx) {
    EXPECT_THAT(tx.InsertEvent(EventRow(kA, "one")), IsOkAndHolds(1));
    EXPECT_THAT(tx.InsertEvent(EventRow("boards/b", "two")), IsOkAndHolds(2));
    EXPECT_THAT(tx.InsertEvent(EventRow(kB, "three")), IsOkAndHolds(3));
    EXPECT_THAT(tx.InsertEvent(EventRow(kA, "four")), IsOkAndHolds(4));
    return tx.InsertEvent(EventRow("members/m", "five")).status();
  });
  ASSERT_THAT(store().Read([](Transaction& tx) {
    EXPECT_THAT(Texts(tx.ListEvents(kA, {})), ElementsAre("one", "four"));
    EXPECT_THAT(Texts(tx.ListEvents(kA, {1})), ElementsAre("four"));
    EXPECT_THAT(Texts(tx.ListEvents(kA, {0, 1})), ElementsAre("one"));
    EXPECT_THAT(Texts(tx.ListEvents("boards/b", {})), ElementsAre("two"));
    EXPECT_THAT(Texts(tx.ListEvents("", {})), ElementsAre("two", "five"));
    EXPECT_THAT(Texts(tx.ListEvents("", {2})), ElementsAre("five"));
    return absl::OkStatus();
  }),
              IsOk());
}

// ---- Join tokens and identities

TEST_P(StoreSuite, ExpiredTokensAreForgotten) {
  const store::Token early = TokenRow("early", 10), late = TokenRow("late", 20);
  Run([&](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutToken(early));
    BL_RETURN_IF_ERROR(tx.PutToken(late));
    store::Token used = late;
    used.add_joined_keys("key");
    BL_RETURN_IF_ERROR(tx.PutToken(used));
    return tx.DeleteTokensBefore(20);
  });
  EXPECT_THAT(ReadValue(store(), [&](Transaction& tx) { return tx.GetToken(early.sha256()); }),
              IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(ReadValue(store(), [&](Transaction& tx) { return tx.GetToken(late.sha256()); }),
              IsOkAndHolds(Optional(Property(&store::Token::joined_keys_size, 1))));
}

TEST_P(StoreSuite, TokensAreListedByHashUntilTheyAreDeleted) {
  const store::Token a = TokenRow("a", 10), b = TokenRow("b", 20);
  Run([&](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutToken(b));
    return tx.PutToken(a);
  });
  const auto list = [&] {
    const auto rows = ReadValue(store(), [](Transaction& tx) { return tx.ListTokens(); });
    EXPECT_THAT(rows, IsOk());
    std::vector<std::string> found;
    for (const store::Token& row : *rows) found.push_back(row.sha256());
    return found;
  };
  std::vector<std::string> both = {a.sha256(), b.sha256()};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(list(), both);
  Run([&](Transaction& tx) { return tx.DeleteToken(a.sha256()); });
  EXPECT_THAT(list(), ElementsAre(b.sha256()));
  Run([&](Transaction& tx) { return tx.DeleteToken(a.sha256()); });
}

TEST_P(StoreSuite, IdentitiesAreListedByName) {
  Run([](Transaction& tx) {
    for (const char* identity : {"worker/b", "agent/a", "worker/a"}) {
      store::KnownIdentity row;
      row.set_identity(identity);
      row.set_revoke_time_ms(7);
      BL_RETURN_IF_ERROR(tx.PutIdentity(row));
    }
    EXPECT_THAT(tx.PutIdentity(store::KnownIdentity()),
                StatusIs(absl::StatusCode::kInvalidArgument));
    return absl::OkStatus();
  });
  const auto rows = ReadValue(store(), [](Transaction& tx) { return tx.ListIdentities(); });
  ASSERT_THAT(rows, IsOk());
  std::vector<std::string> found;
  for (const store::KnownIdentity& row : *rows) found.push_back(row.identity());
  EXPECT_THAT(found, ElementsAre("agent/a", "worker/a", "worker/b"));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetIdentity("worker/a"); }),
              IsOkAndHolds(Optional(Property(&store::KnownIdentity::revoke_time_ms, 7))));
}

// ---- request_id

TEST_P(StoreSuite, OldRequestsAreForgotten) {
  Run([](Transaction& tx) {
    for (int64_t time_ms : {10, 20}) {
      store::Request request;
      request.set_request_id(std::to_string(time_ms));
      request.set_time_ms(time_ms);
      BL_RETURN_IF_ERROR(tx.PutRequest(request));
    }
    return tx.DeleteRequestsBefore(20);
  });
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetRequest("10"); }),
              IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetRequest("20"); }),
              IsOkAndHolds(Optional(Property(&store::Request::time_ms, 20))));
}

// ---- Artifacts

TEST_P(StoreSuite, ArtifactsAreUnreferencedUntilReferredTo) {
  auto unreferenced = [this] {
    const auto rows =
        ReadValue(store(), [](Transaction& tx) { return tx.UnreferencedArtifacts(100); });
    EXPECT_THAT(rows, IsOk());
    std::vector<std::string> names;
    for (const store::ArtifactRow& row : *rows) names.push_back(row.sha256());
    return names;
  };
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("young", 1, 100)));
    BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("b", 1, 50)));
    return tx.PutArtifact(Artifact("a", 1, 60));
  });
  EXPECT_THAT(unreferenced(), ElementsAre("b", "a"));
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.AddReference("a", kA));
    BL_RETURN_IF_ERROR(tx.AddReference("a", kA));  // Once or twice is the same.
    BL_RETURN_IF_ERROR(tx.AddReference("a", kB));
    return tx.AddReference("b", "");
  });
  EXPECT_THAT(unreferenced(), IsEmpty());
  Run([](Transaction& tx) { return tx.RemoveReferences(kA); });
  EXPECT_THAT(unreferenced(), IsEmpty());
  Run([](Transaction& tx) { return tx.RemoveReferences(kB); });
  EXPECT_THAT(unreferenced(), ElementsAre("a"));
}

TEST_P(StoreSuite, AnArtifactThatIsReferredToCannotBeDeleted) {
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("a", 1, 1)));
    return tx.AddReference("a", kA);
  });
  EXPECT_THAT(store().Run([](Transaction& tx) { return tx.DeleteArtifact("a"); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.RemoveReferences(kA));
    BL_RETURN_IF_ERROR(tx.DeleteArtifact("a"));
    return tx.DeleteArtifact("a");  // Gone already: as wanted.
  });
  EXPECT_THAT(ReadValue(store(), [](Transaction& tx) { return tx.GetArtifact("a"); }),
              IsOkAndHolds(Eq(std::nullopt)));
}

TEST_P(StoreSuite, ArtifactBytesAreTheSumOfAllSizes) {
  auto bytes = [this] {
    return ReadValue(store(), [](Transaction& tx) { return tx.ArtifactBytes(); });
  };
  Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("a", 1000, 1)));
    return tx.PutArtifact(Artifact("b", int64_t{5} << 40, 1));
  });
  EXPECT_THAT(bytes(), IsOkAndHolds((int64_t{5} << 40) + 1000));
  Run([](Transaction& tx) { return tx.PutArtifact(Artifact("a", 300, 2)); });
  EXPECT_THAT(bytes(), IsOkAndHolds((int64_t{5} << 40) + 300));
  Run([](Transaction& tx) { return tx.DeleteArtifact("b"); });
  EXPECT_THAT(bytes(), IsOkAndHolds(300));
}

// ---- Backup

TEST_P(StoreSuite, ABackupIsTheStoreAtItsTime) {
  Run(WriteFirstRows);
  const absl::StatusOr<std::string> before = DumpStore(store());
  ASSERT_THAT(store().Backup(folder_.Path("copy")), IsOk());
  Run([](Transaction& tx) { return WriteEverything(tx, "later"); });

  std::unique_ptr<Store> copy = under_test_->OpenBackup(folder_.Path("copy"));
  EXPECT_EQ(*DumpStore(*copy), *before);
  EXPECT_NE(*DumpStore(store()), *before);
}

TEST_P(StoreSuite, ABackupOverwritesNothing) {
  ASSERT_THAT(store().Backup(folder_.Path("copy")), IsOk());
  EXPECT_THAT(store().Backup(folder_.Path("copy")),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("copy")));
}

TEST_P(StoreSuite, ABackupIntoAFolderThatIsNotThereIsRefused) {
  EXPECT_THAT(store().Backup(folder_.Path("none/copy")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace boardloop
