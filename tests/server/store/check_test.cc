#include "server/store/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/base/files.h"
#include "core/base/status.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

constexpr char kA[] = "searches/a";

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write([](Transaction& tx) -> absl::Status {
      BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow(kA)));
      BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1)));
      BL_RETURN_IF_ERROR(tx.InsertTask(TaskRow(kA)).status());
      BL_RETURN_IF_ERROR(tx.InsertTask(Granted(TaskRow(kA), "members/w")).status());
      BL_RETURN_IF_ERROR(tx.InsertEvent(EventRow(kA, "text")).status());
      BL_RETURN_IF_ERROR(tx.PutArtifact(Artifact("f", 10, 1)));
      return tx.AddReference("f", kA);
    });
  }
  void Write(const Work& work) {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Run(work), IsOk());
  }
  // What is found after a change that no server makes.
  std::vector<std::string> FindingsAfter(const std::string& sql) {
    {
      absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
          SqliteDatabase::Open(path_, SqliteDatabase::Mode::kExisting);
      EXPECT_THAT(db, IsOk());
      EXPECT_THAT((*db)->Execute(sql), IsOk());
    }
    absl::StatusOr<std::vector<std::string>> findings = CheckDatabase(path_);
    EXPECT_THAT(findings, IsOk());
    return findings.ok() ? *std::move(findings) : std::vector<std::string>();
  }

  TestFolder folder_;
  const std::string path_ = folder_.Path("db");
};

TEST_F(CheckTest, AWholeDatabaseHasNoFindings) {
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
}

TEST_F(CheckTest, AMissingFileIsNotFoundAndNotMade) {
  EXPECT_THAT(CheckDatabase(folder_.Path("none")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadFile(folder_.Path("none"), 1), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CheckTest, ADatabaseInUseIsRefused) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
  EXPECT_THAT(CheckDatabase(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use by process")));
}

TEST_F(CheckTest, AMessageThatDoesNotParseIsFound) {
  EXPECT_THAT(FindingsAfter("UPDATE searches SET message = x'ffff'"),
              ElementsAre(AllOf(HasSubstr("searches"), HasSubstr(kA), HasSubstr("not parse"))));
}

TEST_F(CheckTest, AColumnThatDiffersFromItsMessageIsFound) {
  EXPECT_THAT(FindingsAfter("UPDATE candidates SET state = 3"),
              ElementsAre(HasSubstr("column state is 3, its message says 1")));
  EXPECT_THAT(FindingsAfter("UPDATE tasks SET priority = 9 WHERE id = 1"),
              Contains(HasSubstr("tasks with id 1: column priority is 9, its message says 0")));
}

TEST_F(CheckTest, ARowThatReferstoNothingIsFound) {
  EXPECT_THAT(FindingsAfter("PRAGMA foreign_keys = OFF; DELETE FROM searches"),
              AllOf(Contains(HasSubstr("candidates refers to a row of searches")),
                    Contains(HasSubstr("task 1 belongs to searches/a, which is not there"))));
}

TEST_F(CheckTest, ATaskOfACandidateThatIsNotThereIsFound) {
  Write([](Transaction& tx) {
    store::Task task = TaskRow(kA);
    task.set_candidate(7);
    return tx.InsertTask(task).status();
  });
  EXPECT_THAT(CheckDatabase(path_),
              IsOkAndHolds(ElementsAre(HasSubstr("task 3 belongs to candidate 7"))));
}

TEST_F(CheckTest, ARunningTaskWithoutHolderOrEpochIsFound) {
  Write([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<store::Task> task, tx.GetTask(1));
    task->set_state(store::Task::RUNNING);
    task->set_holder("members/w");
    BL_RETURN_IF_ERROR(tx.UpdateTask(*task));
    BL_ASSIGN_OR_RETURN(task, tx.GetTask(2));
    task->clear_holder();
    return tx.UpdateTask(*task);
  });
  EXPECT_THAT(CheckDatabase(path_),
              IsOkAndHolds(ElementsAre(HasSubstr("task 1 is RUNNING with holder \"members/w\" and "
                                                 "epoch 0"),
                                       HasSubstr("task 2 is RUNNING with holder \"\""))));
}

TEST_F(CheckTest, ATokenThatWasUsedTooOftenIsFound) {
  Write([](Transaction& tx) {
    store::Token token = TokenRow("t", 1);
    token.add_joined_keys("one");
    token.add_joined_keys("two");
    return tx.PutToken(token);
  });
  EXPECT_THAT(CheckDatabase(path_),
              IsOkAndHolds(ElementsAre(HasSubstr("was used 2 times, may be used 1 times"))));
}

TEST_F(CheckTest, WrongSumsAndCountersAreFound) {
  EXPECT_THAT(FindingsAfter("UPDATE task_counts SET count = 5 WHERE state = 1;"
                            "UPDATE artifacts SET reference_count = 0;"
                            "UPDATE counters SET value = 11 WHERE name = 'artifact_bytes';"
                            "UPDATE counters SET value = 1 WHERE name = 'task';"
                            "DELETE FROM counters WHERE name = 'event'"),
              ElementsAre(HasSubstr("counter of tasks is 1, a row has 2"),
                          HasSubstr("counter of events is not there"),
                          HasSubstr("count of tasks of searches/a in state 1"),
                          HasSubstr("artifact f counts 0 references"),
                          HasSubstr("add up to 10 B, the sum kept is 11")));
}

TEST_F(CheckTest, AMissingIndexIsFound) {
  EXPECT_THAT(FindingsAfter("DROP INDEX candidates_by_state"),
              ElementsAre(HasSubstr("index candidates_by_state")));
}

TEST_F(CheckTest, DamagedPagesAreFound) {
  Write([](Transaction& tx) {
    for (int i = 2; i <= 500; ++i) BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, i)));
    return absl::OkStatus();
  });
  // The last pages belong to the candidates and their indexes.
  std::string bytes = *ReadFile(path_, 1 << 24);
  for (size_t i = bytes.size() - 4 * 4096; i < bytes.size(); i += 3) bytes[i] = '\x55';
  ASSERT_THAT(WriteFileAtomically(path_, bytes), IsOk());
  absl::StatusOr<std::vector<std::string>> findings = CheckDatabase(path_);
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(*findings, Contains(HasSubstr("structure: ")));
}

TEST_F(CheckTest, FindingsOfOneKindAreBounded) {
  Write([](Transaction& tx) {
    for (int i = 2; i <= 500; ++i) BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, i)));
    return absl::OkStatus();
  });
  const std::vector<std::string> findings = FindingsAfter("UPDATE candidates SET state = 4");
  EXPECT_THAT(findings, SizeIs(Le(101u)));
  EXPECT_THAT(findings.back(), HasSubstr("and more"));
}

TEST_F(CheckTest, NothingIsChanged) {
  const std::string before = *ReadFile(path_, 1 << 24);
  ASSERT_THAT(CheckDatabase(path_), IsOk());
  EXPECT_EQ(*ReadFile(path_, 1 << 24), before);
}

}  // namespace
}  // namespace boardloop
