// Two implementations, the same random operations, the same answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/dump_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/disk_faults.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

// Draws operations from a seed, and says what each has answered.
class Operations {
 public:
  explicit Operations(uint64_t seed) : random_(seed) {}

  // One transaction of a few operations; some end in an error.
  absl::Status RunOne(Store& store) {
    return store.Run([this](Transaction& tx) -> absl::Status {
      const int64_t count = random_.Between(1, 6);
      for (int64_t i = 0; i < count; ++i) Operate(tx);
      return random_.Chance(0.2) ? absl::AbortedError("drawn") : absl::OkStatus();
    });
  }

  std::string TakeLog() { return std::exchange(log_, ""); }

 private:
  std::string Pick(const std::string& prefix) { return absl::StrCat(prefix, random_.Below(4)); }

  store::Task DrawTask() {
    store::Task task = TaskRow(Pick("searches/"), static_cast<int32_t>(random_.Between(-1, 2)));
    task.set_kind(random_.Chance(0.5) ? store::Task::MEASURE : store::Task::SCORE);
    task.set_state(static_cast<store::Task::State>(random_.Between(1, 5)));
    task.set_requirement(Pick("r"));
    if (random_.Chance(0.5)) task.set_candidate(random_.Between(1, 3));
    if (random_.Chance(0.5)) task.set_holder(Pick("members/"));
    task.set_create_time_ms(random_.Between(0, 100));
    return task;
  }

  TaskQuery DrawQuery() {
    TaskQuery query;
    if (random_.Chance(0.5)) query.state = static_cast<store::Task::State>(random_.Between(1, 5));
    if (random_.Chance(0.5)) query.kind = store::Task::SCORE;
    if (random_.Chance(0.5)) query.owner = Pick("searches/");
    if (random_.Chance(0.3)) query.holder = Pick("members/");
    if (random_.Chance(0.3)) query.requirement = Pick("r");
    if (random_.Chance(0.3)) query.candidate = random_.Between(1, 3);
    if (random_.Chance(0.3)) query.limit = static_cast<int32_t>(random_.Between(0, 5));
    return query;
  }

  void Operate(Transaction& tx) {
    switch (random_.Below(12)) {
      case 0:
        return Log(tx.PutSearch(SearchRow(Pick("searches/"), DrawState())));
      case 1:
        return Log(tx.PutCandidate(CandidateRow(Pick("searches/"), random_.Between(1, 5))));
      case 2:
      case 3:
        return Log(tx.InsertTask(DrawTask()).status());
      case 4:
      case 5: {
        store::Task task = DrawTask();
        task.set_id(random_.Between(1, 60));
        return Log(tx.UpdateTask(task));
      }
      case 6:
        return Log(
            tx.PutArtifact(Artifact(Pick("f"), random_.Between(0, 99), random_.Between(0, 99))));
      case 7:
        return Log(tx.AddReference(Pick("f"), Pick("searches/")));
      case 8:
        return Log(random_.Chance(0.5) ? tx.RemoveReferences(Pick("searches/"))
                                       : tx.DeleteArtifact(Pick("f")));
      case 9:
        return Log(tx.InsertEvent(EventRow(Pick("boards/"), "text")).status());
      case 10:
        return AskForTasks(tx);
      default:
        return AskForNext(tx);
    }
  }

  v1::Search::State DrawState() {
    return random_.Chance(0.5) ? v1::Search::RUNNING : v1::Search::FAILED;
  }

  void AskForTasks(Transaction& tx) {
    const TaskQuery query = DrawQuery();
    absl::StatusOr<std::vector<store::Task>> tasks = tx.ListTasks(query);
    Log(tasks.status());
    for (const store::Task& task : *tasks) absl::StrAppend(&log_, task.ShortDebugString(), "\n");
    absl::StatusOr<int64_t> count = tx.CountTasks(query);
    Log(count.status());
    absl::StrAppend(&log_, *count, "\n");
  }

  void AskForNext(Transaction& tx) {
    const std::vector<int64_t> except = {random_.Between(1, 20), random_.Between(1, 20)};
    absl::StatusOr<std::optional<store::Task>> task =
        tx.NextQueued(store::Task::SCORE, Pick("r"), Pick("searches/"), except);
    Log(task.status());
    if (task->has_value()) absl::StrAppend(&log_, (*task)->ShortDebugString(), "\n");
  }

  // Codes: messages may differ.
  void Log(const absl::Status& status) {
    absl::StrAppend(&log_, absl::StatusCodeToString(status.code()), "\n");
  }

  Random random_;
  std::string log_;
};

TEST(RandomOperationsTest, SqliteAndMemoryGiveTheSameAnswers) {
  DiskFaults disk;
  disk.SkipSyncs();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    absl::StatusOr<std::unique_ptr<SqliteStore>> sqlite = SqliteStore::Open(folder.Path("db"), {});
    ASSERT_THAT(sqlite, IsOk());
    MemoryStore memory;
    Operations on_sqlite(seed), on_memory(seed);
    for (int i = 0; i < 60; ++i) {
      ASSERT_EQ(on_sqlite.RunOne(**sqlite).code(), on_memory.RunOne(memory).code());
      ASSERT_EQ(on_sqlite.TakeLog(), on_memory.TakeLog()) << "transaction " << i;
    }
    ASSERT_EQ(*DumpStore(**sqlite), *DumpStore(memory));
    *sqlite = nullptr;
    // Tasks are drawn without regard to owners and holders; sums and columns must be right all the same.
    absl::StatusOr<std::vector<std::string>> findings = CheckDatabase(folder.Path("db"));
    ASSERT_THAT(findings, IsOk());
    for (const std::string& finding : *findings) {
      EXPECT_TRUE(finding.find("belongs to") != std::string::npos ||
                  finding.find("is RUNNING with") != std::string::npos)
          << finding;
    }
  }
}

}  // namespace
}  // namespace boardloop
