#include "server/store/sqlite_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/migrations.h"
#include "tests/server/store/dump_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/disk_faults.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kA[] = "searches/a";

absl::Status PutA(Transaction& tx) { return tx.PutSearch(SearchRow(kA)); }

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open(const SqliteStore::Options& options = {}) {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, options);
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }
  // Changes a closed database behind our back.
  void Execute(const std::string& sql) {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open(path_, SqliteDatabase::Mode::kCreate);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute(sql), IsOk());
  }
  absl::Status OpenStatus() { return SqliteStore::Open(path_, {}).status(); }

  TestFolder folder_;
  const std::string path_ = folder_.Path("boardloop.db");
};

// ---- Opening

TEST_F(SqliteStoreTest, WhatWasWrittenIsThereAfterReopening) {
  std::string before;
  {
    std::unique_ptr<SqliteStore> store = Open();
    ASSERT_THAT(store->Run([](Transaction& tx) {
      BL_RETURN_IF_ERROR(PutA(tx));
      BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, 1)));
      return tx.InsertTask(TaskRow(kA)).status();
    }),
                IsOk());
    before = *DumpStore(*store);
  }
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(*DumpStore(*Open()), before);
}

TEST_F(SqliteStoreTest, AClosedDatabaseIsOneFileAndItsLock) {
  ASSERT_THAT(Open()->Run(PutA), IsOk());
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    files.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("boardloop.db", "boardloop.db.lock"));
}

TEST_F(SqliteStoreTest, ASecondStoreOnOneDatabaseIsRefused) {
  std::unique_ptr<SqliteStore> first = Open();
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     AllOf(HasSubstr(path_),
                                           HasSubstr(absl::StrFormat("process %d", getpid())))));
  EXPECT_THAT(first->Run(PutA), IsOk());
  first = nullptr;
  EXPECT_THAT(OpenStatus(), IsOk());
}

TEST_F(SqliteStoreTest, ASecondNameOfADatabaseIsRefusedToo) {
  std::unique_ptr<SqliteStore> first = Open();
  std::filesystem::create_symlink(path_, folder_.Path("link.db"));
  EXPECT_THAT(SqliteStore::Open(folder_.Path("link.db"), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use by process")));
}

// Runs `child` in a process of its own; its exit code is 0 when it returns true.
bool InChild(const std::function<bool()>& child) {
  const pid_t pid = fork();
  if (pid == 0) _exit(child() ? 0 : 1);
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(SqliteStoreTest, AnotherProcessIsRefused) {
  int ready[2], end[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC) | pipe2(end, O_CLOEXEC), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
    char byte = store.ok() ? 'y' : 'n';
    const bool told = write(ready[1], &byte, 1) == 1;
    _exit(told && read(end[0], &byte, 1) == 1 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr(absl::StrFormat("process %d", holder))));
  EXPECT_THAT(CheckDatabase(path_), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_EQ(write(end[1], "x", 1), 1);
  ASSERT_EQ(waitpid(holder, nullptr, 0), holder);
  EXPECT_THAT(OpenStatus(), IsOk());  // The file of the lock is there, the lock is not.
}

TEST_F(SqliteStoreTest, AProgramThatKnowsNothingOfOurLockIsRefusedBySqlite) {
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  EXPECT_TRUE(InChild([this] {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open(path_, SqliteDatabase::Mode::kExisting);
    return db.ok() &&
           absl::IsFailedPrecondition((*db)->Number("SELECT count(*) FROM searches").status());
  }));
}

TEST_F(SqliteStoreTest, ADatabaseThatAnotherProgramHasOpenIsRefused) {
  Open();
  int ready[2], end[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC) | pipe2(end, O_CLOEXEC), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open(path_, SqliteDatabase::Mode::kExisting);
    char byte = db.ok() && (*db)->Execute("BEGIN IMMEDIATE").ok() ? 'y' : 'n';
    const bool told = write(ready[1], &byte, 1) == 1;
    _exit(told && read(end[0], &byte, 1) == 1 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("another process uses it")));
  ASSERT_EQ(write(end[1], "x", 1), 1);
  ASSERT_EQ(waitpid(holder, nullptr, 0), holder);
}

TEST_F(SqliteStoreTest, ADatabaseOfANewerVersionIsRefusedWithBothVersions) {
  Open();
  Execute(absl::StrFormat("PRAGMA user_version = %d", SchemaVersion() + 1));
  EXPECT_THAT(OpenStatus(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(absl::StrFormat("version %d", SchemaVersion() + 1)),
                             HasSubstr(absl::StrFormat("1 to %d", SchemaVersion())))));
}

TEST_F(SqliteStoreTest, ADatabaseOfAnotherProgramIsRefusedAndStaysAsItIs) {
  Execute("CREATE TABLE bookmarks (url)");
  const std::string before = *ReadFile(path_, 1 << 20);
  EXPECT_THAT(OpenStatus(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another program")));
  EXPECT_EQ(*ReadFile(path_, 1 << 20), before);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefusedAndStaysAsItIs) {
  const std::string text(10000, 'x');
  ASSERT_THAT(WriteFileAtomically(path_, text), IsOk());
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not a database")));
  EXPECT_EQ(*ReadFile(path_, 1 << 20), text);
}

TEST_F(SqliteStoreTest, AnEmptyFileBecomesADatabase) {
  ASSERT_THAT(WriteFileAtomically(path_, ""), IsOk());
  EXPECT_THAT(Open()->Run(PutA), IsOk());
}

TEST_F(SqliteStoreTest, AMissingTableIsDataLoss) {
  Open();
  Execute("DROP TABLE late_results");
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("late_results")));
}

TEST_F(SqliteStoreTest, ACutOffDatabaseIsDataLoss) {
  ASSERT_THAT(Open()->Run(PutA), IsOk());
  std::filesystem::resize_file(path_, 4096);
  EXPECT_THAT(OpenStatus(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteStoreTest, AMissingFolderIsNotFound) {
  EXPECT_THAT(SqliteStore::Open(folder_.Path("none/db"), {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none/db")));
}

TEST_F(SqliteStoreTest, AFolderIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(OpenStatus(), Not(IsOk()));
}

// ---- Damage

TEST_F(SqliteStoreTest, DamagedPagesAreDataLossAndNoCrash) {
  ASSERT_THAT(Open()->Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(PutA(tx));
    for (int i = 1; i <= 500; ++i) BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, i)));
    return absl::OkStatus();
  }),
              IsOk());
  // All pages but the first, which has the schema's root.
  std::string bytes = *ReadFile(path_, 1 << 24);
  for (size_t i = 4096; i < bytes.size(); i += 3) bytes[i] = static_cast<char>(i * 7);
  ASSERT_THAT(WriteFileAtomically(path_, bytes), IsOk());
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
  absl::Status status = store.status();
  if (store.ok()) status = DumpStore(**store).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteStoreTest, AMessageThatDoesNotParseIsDataLossForItsRowOnly) {
  ASSERT_THAT(Open()->Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(PutA(tx));
    BL_RETURN_IF_ERROR(tx.InsertTask(TaskRow(kA)).status());
    return tx.InsertTask(TaskRow(kA)).status();
  }),
              IsOk());
  Execute("UPDATE tasks SET message = x'ffff' WHERE id = 2");
  std::unique_ptr<SqliteStore> store = Open();
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.GetTask(2); }),
              StatusIs(absl::StatusCode::kDataLoss, AllOf(HasSubstr("tasks"), HasSubstr("2"))));
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.ListTasks({}); }),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.GetTask(1); }), IsOk());
}

// ---- Commits

TEST_F(SqliteStoreTest, ARunIsSyncedAndAReadIsNot) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  int64_t before = disk.syncs();
  ASSERT_THAT(store->Run(PutA), IsOk());
  EXPECT_GT(disk.syncs(), before);

  before = disk.syncs();
  const int64_t writes = disk.writes();
  ASSERT_THAT(DumpStore(*store), IsOk());
  ASSERT_THAT(store->Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(tx.PutSearch(SearchRow("searches/b")));
    return absl::AbortedError("nothing to keep");
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(disk.syncs(), before);
  EXPECT_EQ(disk.writes(), writes);
}

TEST_F(SqliteStoreTest, CallersShareCommitsWithinTheBound) {
  std::vector<CommitStats> commits;  // Written by the store's thread; read after it has ended.
  SqliteStore::Options options;
  options.max_batch = 4;
  options.on_commit = [&](const CommitStats& stats) { commits.push_back(stats); };
  std::unique_ptr<SqliteStore> store = Open(options);
  constexpr int kThreads = 16;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
                    IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  store = nullptr;
  int64_t calls = 0;
  for (const CommitStats& stats : commits) {
    calls += stats.calls;
    EXPECT_GE(stats.calls, 1);
    EXPECT_LE(stats.calls, 4);
    EXPECT_TRUE(stats.committed);
    EXPECT_GT(stats.commit, absl::ZeroDuration());
  }
  EXPECT_EQ(calls, kThreads * 20);
}

TEST_F(SqliteStoreTest, TheLogIsMovedIntoTheDatabaseNowAndThen) {
  SqliteStore::Options options;
  options.checkpoint_pages = 10;
  std::unique_ptr<SqliteStore> store = Open(options);
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
                IsOk());
  }
  // 50 commits write about 400 pages of 4 KiB. The log keeps the size it had when the tables were made, and begins anew
  // after 10 pages and one commit.
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 100u * 4096);
}

TEST_F(SqliteStoreTest, AFullDiskFailsCommitsUntilThereIsSpaceAgain) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  disk.FailWrites(ENOSPC);
  EXPECT_THAT(store->Run(PutA), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store->Run(PutA), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.GetSearch(kA); }),
              IsOkAndHolds(::testing::Eq(std::nullopt)));
  disk.FailWrites(0);
  EXPECT_THAT(store->Run(PutA), IsOk());
  store = nullptr;
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
}

TEST_F(SqliteStoreTest, ADiskThatFailsToWriteIsUnavailable) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  disk.FailWrites(EIO);
  EXPECT_THAT(store->Run(PutA), StatusIs(absl::StatusCode::kUnavailable));
  disk.FailWrites(0);
  EXPECT_THAT(store->Run(PutA), IsOk());
}

TEST_F(SqliteStoreTest, ADiskThatFailsToSyncIsNotTrustedUntilTheDatabaseIsOpenedAgain) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  disk.FailSyncs(EIO);
  EXPECT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
              StatusIs(absl::StatusCode::kUnavailable));
  disk.FailSyncs(0);
  EXPECT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("restart")));
  EXPECT_THAT(DumpStore(*store), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store->Backup(folder_.Path("copy")), StatusIs(absl::StatusCode::kUnavailable));

  store = nullptr;
  store = Open();
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.GetSearch(kA); }),
              IsOkAndHolds(::testing::Optional(::testing::_)));
  EXPECT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
              IsOk());
}

// More than the cache holds, so that pages go to the disk before the commit.
absl::Status PutMuch(Transaction& tx) {
  v1::Search search = SearchRow("searches/large");
  search.set_message(std::string(1 << 20, 'x'));
  for (int i = 0; i < 100; ++i) {
    search.set_name(absl::StrFormat("searches/large-%d", i));
    BL_RETURN_IF_ERROR(tx.PutSearch(search));
  }
  return absl::OkStatus();
}

TEST_F(SqliteStoreTest, AFunctionThatIgnoresAFullDiskIsNotCommitted) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  const std::string before = *DumpStore(*store);
  EXPECT_THAT(store->Run([&](Transaction& tx) {
    disk.FailWrites(ENOSPC);
    PutMuch(tx).IgnoreError();
    disk.FailWrites(0);
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(*DumpStore(*store), before);
  EXPECT_THAT(store->Run([](Transaction& tx) { return tx.InsertTask(TaskRow(kA)).status(); }),
              IsOk());
}

TEST_F(SqliteStoreTest, ATransactionLargerThanTheCacheIsUndone) {
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  const std::string before = *DumpStore(*store);
  EXPECT_THAT(store->Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(PutMuch(tx));
    return absl::AbortedError("on purpose");
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(*DumpStore(*store), before);
}

TEST(SqliteStoreDeathTest, ATransactionWithinATransactionIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  TestFolder folder;
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(folder.Path("db"), {});
  ASSERT_THAT(store, IsOk());
  EXPECT_DEATH((*store)->Run([&](Transaction&) { return (*store)->Run(PutA); }).IgnoreError(),
               "within a transaction");
}

// ---- Backup

TEST_F(SqliteStoreTest, ABackupIsConsistentWhileOthersWrite) {
  SqliteStore::Options options;
  options.backup_pages = 1;  // As many turns of the others as there can be.
  std::unique_ptr<SqliteStore> store = Open(options);
  ASSERT_THAT(store->Run([](Transaction& tx) {
    BL_RETURN_IF_ERROR(PutA(tx));
    for (int i = 1; i <= 300; ++i) BL_RETURN_IF_ERROR(tx.PutCandidate(CandidateRow(kA, i)));
    return absl::OkStatus();
  }),
              IsOk());
  std::atomic<bool> copied{false};
  // The count in the search and the number of tasks change together.
  std::thread writer([&] {
    while (!copied) {
      EXPECT_THAT(store->Run([](Transaction& tx) -> absl::Status {
        BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(kA));
        v1::SearchProgress& progress = *search->mutable_progress();
        progress.set_candidates(progress.candidates() + 1);
        BL_RETURN_IF_ERROR(tx.PutSearch(*search));
        return tx.InsertTask(TaskRow(kA)).status();
      }),
                  IsOk());
    }
  });
  EXPECT_THAT(store->Backup(folder_.Path("copy")), IsOk());
  copied = true;
  writer.join();

  EXPECT_THAT(CheckDatabase(folder_.Path("copy")), IsOkAndHolds(IsEmpty()));
  absl::StatusOr<std::unique_ptr<SqliteStore>> copy = SqliteStore::Open(folder_.Path("copy"), {});
  ASSERT_THAT(copy, IsOk());
  ASSERT_THAT((*copy)->Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(kA));
    EXPECT_THAT(tx.CountTasks({}), IsOkAndHolds(search->progress().candidates()));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_F(SqliteStoreTest, SeveralBackupsAtOnceAreAllMade) {
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back(
        [&, t] { EXPECT_THAT(store->Backup(folder_.Path(absl::StrFormat("copy%d", t))), IsOk()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) {
    EXPECT_THAT(CheckDatabase(folder_.Path(absl::StrFormat("copy%d", t))), IsOkAndHolds(IsEmpty()));
  }
}

TEST_F(SqliteStoreTest, AFailedBackupLeavesNoFileAndTheStoreGoesOn) {
  DiskFaults disk;
  std::unique_ptr<SqliteStore> store = Open();
  ASSERT_THAT(store->Run(PutA), IsOk());
  disk.FailWrites(ENOSPC);
  EXPECT_THAT(store->Backup(folder_.Path("copy")), StatusIs(absl::StatusCode::kResourceExhausted));
  disk.FailWrites(0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("copy")));
  }
  EXPECT_THAT(store->Run(PutA), IsOk());
  EXPECT_THAT(store->Backup(folder_.Path("copy")), IsOk());
}

}  // namespace
}  // namespace boardloop
