// Real limits of the system, beside the faults of disk_faults.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/files.h"
#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/mounted_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

std::unique_ptr<SqliteStore> Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, {});
  EXPECT_THAT(store, IsOk());
  return *std::move(store);
}

absl::Status InsertLargeTask(Transaction& tx) {
  store::Task task = TaskRow("searches/a");
  task.mutable_result()->set_message(std::string(100000, 'x'));
  return tx.InsertTask(task).status();
}

// Inserts tasks until the store refuses; says how many it took.
int64_t FillUp(SqliteStore& store, absl::StatusCode expected) {
  for (int64_t taken = 0; taken < 1000; ++taken) {
    const absl::Status status = store.Run(InsertLargeTask);
    if (status.ok()) continue;
    EXPECT_THAT(status, StatusIs(expected));
    return taken;
  }
  ADD_FAILURE() << "never full";
  return 0;
}

// Files of this process cannot grow beyond a size, while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST(FullDiskTest, ALimitOnFileSizesIsAFullDisk) {
  TestFolder folder;
  std::unique_ptr<SqliteStore> store = Open(folder.Path("db"));
  int64_t taken = 0;
  {
    FileSizeLimit limit(2 << 20);
    taken = FillUp(*store, absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.CountTasks({}); }),
                IsOkAndHolds(taken));
  }
  EXPECT_THAT(store->Run(InsertLargeTask), IsOk());
  store = nullptr;
  EXPECT_THAT(CheckDatabase(folder.Path("db")), IsOk());
  EXPECT_THAT(
      ReadValue(*Open(folder.Path("db")), [](Transaction& tx) { return tx.CountTasks({}); }),
      IsOkAndHolds(taken + 1));
}

TEST(FullDiskTest, AFullFileSystemRefusesWritesUntilThereIsSpace) {
  TestFolder folder;
  MountedDisk disk(folder.Path("disk"), "size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "may not mount: " << std::strerror(errno);
  const std::string path = folder.Path("disk/db");
  std::unique_ptr<SqliteStore> store = Open(path);
  const std::string ballast = folder.Path("disk/ballast");
  ASSERT_THAT(WriteFileAtomically(ballast, std::string(1 << 20, 'x')), IsOk());

  const int64_t taken = FillUp(*store, absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(ReadValue(*store, [](Transaction& tx) { return tx.CountTasks({}); }),
              IsOkAndHolds(taken));
  EXPECT_THAT(store->Backup(folder.Path("disk/copy")),
              StatusIs(absl::StatusCode::kResourceExhausted));

  std::filesystem::remove(ballast);
  EXPECT_THAT(store->Run(InsertLargeTask), IsOk());
  store = nullptr;
  EXPECT_THAT(ReadValue(*Open(path), [](Transaction& tx) { return tx.CountTasks({}); }),
              IsOkAndHolds(taken + 1));
}

TEST(FullDiskTest, OpeningOnAFullFileSystemIsRefusedAndLeavesAUsableFile) {
  TestFolder folder;
  MountedDisk disk(folder.Path("disk"), "size=64k");
  if (!disk.mounted()) GTEST_SKIP() << "may not mount: " << std::strerror(errno);
  EXPECT_THAT(SqliteStore::Open(folder.Path("disk/db"), {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_EQ(mount("tmpfs", folder.Path("disk").c_str(), "tmpfs", MS_REMOUNT, "size=4m"), 0);
  EXPECT_THAT(SqliteStore::Open(folder.Path("disk/db"), {}), IsOk());
}

TEST(FullDiskTest, AReadOnlyFileSystemIsRefused) {
  TestFolder folder;
  MountedDisk disk(folder.Path("disk"), "size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "may not mount: " << std::strerror(errno);
  Open(folder.Path("disk/db"));
  ASSERT_TRUE(disk.MakeReadOnly());
  EXPECT_THAT(SqliteStore::Open(folder.Path("disk/db"), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(SqliteStore::Open(folder.Path("disk/new"), {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace boardloop
