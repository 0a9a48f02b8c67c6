// No question that the server asks reads a whole table, however many rows there are: SQLite's own plans say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/migrations.h"
#include "server/store/sqlite_database.h"
#include "server/store/sqlite_transaction.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kA[] = "searches/a";
constexpr char kType[] = "virtual-stm32f405";

class QueryPlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open("", SqliteDatabase::Mode::kMemory);
    ASSERT_THAT(db, IsOk());
    db_ = *std::move(db);
    ASSERT_THAT(Migrate(*db_, SchemaVersion()), IsOk());
    compiled_before_ = db_->CompiledSql();
  }

  // The plans of the statements that `ask` uses.
  std::vector<std::string> PlansOf(const Work& ask) {
    SqliteTransaction transaction(*db_, SqliteTransaction::Access::kWrite);
    EXPECT_THAT(ask(transaction), IsOk());
    std::vector<std::string> plans;
    for (const std::string& sql : db_->CompiledSql()) {
      if (std::find(compiled_before_.begin(), compiled_before_.end(), sql) !=
          compiled_before_.end()) {
        continue;
      }
      plans.push_back(sql + "\n" + PlanOf(sql));
    }
    compiled_before_ = db_->CompiledSql();
    return plans;
  }

  std::string PlanOf(const std::string& sql) {
    std::vector<std::string> steps;
    Statement plan = db_->Use("EXPLAIN QUERY PLAN " + sql);
    while (true) {
      absl::StatusOr<bool> row = plan.Step();
      EXPECT_THAT(row, IsOk());
      if (!row.ok() || !*row) return absl::StrJoin(steps, "\n");
      steps.push_back(plan.Text(3));
    }
  }

  std::unique_ptr<SqliteDatabase> db_;
  std::vector<std::string> compiled_before_;
};

TaskQuery OwnerAndState() {
  TaskQuery query;
  query.owner = kA;
  query.state = store::Task::QUEUED;
  return query;
}

TaskQuery HolderAndState() {
  TaskQuery query;
  query.holder = "members/w";
  query.state = store::Task::RUNNING;
  return query;
}

// Those that are asked many times a second: no scan, and no sorting either.
TEST_F(QueryPlanTest, TheSchedulersQuestionsGoByIndexes) {
  const std::vector<std::string> plans = PlansOf([](Transaction& tx) -> absl::Status {
    BL_RETURN_IF_ERROR(tx.NextQueued(store::Task::MEASURE, kType, kA, {}).status());
    BL_RETURN_IF_ERROR(tx.QueuedOwners(store::Task::MEASURE, kType).status());
    BL_RETURN_IF_ERROR(tx.CountTasks(OwnerAndState()).status());
    BL_RETURN_IF_ERROR(tx.CountTasks(HolderAndState()).status());
    BL_RETURN_IF_ERROR(tx.GetTask(1).status());
    BL_RETURN_IF_ERROR(tx.ListTasks(OwnerAndState()).status());
    BL_RETURN_IF_ERROR(tx.ListTasks(HolderAndState()).status());
    TaskQuery running;
    running.state = store::Task::RUNNING;
    BL_RETURN_IF_ERROR(tx.ListTasks(running).status());
    TaskQuery of_candidate;
    of_candidate.owner = kA;
    of_candidate.candidate = 1;
    return tx.ListTasks(of_candidate).status();
  });
  EXPECT_EQ(plans.size(), 9u);
  for (const std::string& plan : plans) {
    EXPECT_THAT(plan,
                AllOf(HasSubstr("SEARCH"), Not(HasSubstr("SCAN")), Not(HasSubstr("TEMP B-TREE"))));
  }
}

TEST_F(QueryPlanTest, CountsComeFromTheirTable) {
  const std::vector<std::string> plans =
      PlansOf([](Transaction& tx) { return tx.CountTasks(OwnerAndState()).status(); });
  EXPECT_THAT(plans, ::testing::ElementsAre(HasSubstr(
                         "SEARCH task_counts USING COVERING INDEX task_counts_by_owner")));
}

TEST_F(QueryPlanTest, NothingElseReadsAWholeTable) {
  const std::vector<std::string> plans = PlansOf([](Transaction& tx) -> absl::Status {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
    BL_RETURN_IF_ERROR(tx.GetSearch(kA).status());
    BL_RETURN_IF_ERROR(tx.ListSearches(std::nullopt, {}).status());
    BL_RETURN_IF_ERROR(tx.ListSearches(v1::Search::RUNNING, {}).status());
    BL_RETURN_IF_ERROR(tx.CountSearches(v1::Search::RUNNING).status());
    BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1)));
    BL_RETURN_IF_ERROR(tx.GetCandidate(kA, 1).status());
    BL_RETURN_IF_ERROR(tx.ListCandidates(kA, std::nullopt, {}).status());
    BL_RETURN_IF_ERROR(tx.ListCandidates(kA, v1::Candidate::PENDING, {}).status());
    BL_ASSIGN_OR_RETURN(const int64_t id, tx.InsertTask(TaskRow(kA)));
    BL_ASSIGN_OR_RETURN(std::optional<store::Task> task, tx.GetTask(id));
    BL_RETURN_IF_ERROR(tx.UpdateTask(Granted(*task, "members/w")));
    BL_RETURN_IF_ERROR(tx.ListLateResults(1).status());
    BL_RETURN_IF_ERROR(tx.GetBoard("boards/b").status());
    BL_RETURN_IF_ERROR(tx.GetMember("members/m").status());
    BL_RETURN_IF_ERROR(tx.GetMeasurement("measurements/m").status());
    BL_RETURN_IF_ERROR(tx.ListMeasurements({}).status());
    BL_RETURN_IF_ERROR(tx.GetCached("k").status());
    BL_RETURN_IF_ERROR(tx.ListCached(kType, 10).status());
    BL_RETURN_IF_ERROR(tx.GetPredictor(kType).status());
    BL_RETURN_IF_ERROR(tx.InsertEvent(EventRow(kA, "text")).status());
    BL_RETURN_IF_ERROR(tx.ListEvents(kA, {}).status());
    BL_RETURN_IF_ERROR(tx.GetRequest("r").status());
    BL_RETURN_IF_ERROR(tx.DeleteRequestsBefore(1));
    BL_RETURN_IF_ERROR(tx.PutToken(TokenRow("t", 1)));
    BL_RETURN_IF_ERROR(tx.GetToken("t").status());
    BL_RETURN_IF_ERROR(tx.DeleteTokensBefore(1));
    BL_RETURN_IF_ERROR(tx.DeleteToken("t"));
    BL_RETURN_IF_ERROR(tx.GetIdentity("user/a").status());
    BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("f", 1, 1)));
    BL_RETURN_IF_ERROR(tx.GetArtifact("f").status());
    BL_RETURN_IF_ERROR(tx.AddReference("f", kA));
    BL_RETURN_IF_ERROR(tx.RemoveReferences(kA));
    BL_RETURN_IF_ERROR(tx.UnreferencedArtifacts(1).status());
    BL_RETURN_IF_ERROR(tx.DeleteArtifact("f"));
    return tx.ArtifactBytes().status();
  });
  EXPECT_GE(plans.size(), 25u);
  for (const std::string& plan : plans) {
    EXPECT_THAT(plan, AllOf(Not(HasSubstr("SCAN")), Not(HasSubstr("TEMP B-TREE"))));
  }
}

// These go through an index of their own, in its order and from a position on.
TEST_F(QueryPlanTest, EventsOfTheFarmGoByTheirOwnIndex) {
  const std::vector<std::string> plans =
      PlansOf([](Transaction& tx) { return tx.ListEvents("", {}).status(); });
  EXPECT_THAT(plans, ::testing::ElementsAre(
                         AllOf(HasSubstr("events_of_farm"), Not(HasSubstr("TEMP B-TREE")))));
}

}  // namespace
}  // namespace boardloop
