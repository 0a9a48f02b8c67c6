// The process is killed or the power is cut, and the database opened again: what was acknowledged is there, all of a transaction or nothing
// of it, and CheckDatabase finds nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/migrations.h"
#include "server/store/open_database.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/disk_faults.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::IsEmpty;

constexpr char kA[] = "searches/a";

// A child process that tells numbers to us.
class Child {
 public:
  // `body` gets a function that tells a number; the child ends after it.
  explicit Child(const std::function<void(const std::function<void(int64_t)>&)>& body) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      body([&ends](int64_t number) {
        // Shorter than PIPE_BUF: threads do not mix their bytes.
        if (write(ends[1], &number, sizeof(number)) != sizeof(number)) _exit(2);
      });
      _exit(0);
    }
    close(ends[1]);
    numbers_ = ends[0];
  }
  ~Child() { close(numbers_); }

  // False: it has ended.
  bool Next(int64_t* number) const {
    return read(numbers_, number, sizeof(*number)) == sizeof(*number);
  }
  void Kill() const { kill(pid_, SIGKILL); }
  // True: it came to its end; false: it was killed.
  bool Wait() const {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
    return WIFEXITED(status);
  }

 private:
  pid_t pid_ = -1;
  int numbers_ = -1;
};

// A transaction of several rows that only make sense together: a task, its grant, and an event that names it.
absl::StatusOr<int64_t> GrantOne(Store& store) {
  int64_t id = 0;
  const absl::Status status = store.Run([&id](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(id, tx.InsertTask(TaskRow(kA)));
    BL_ASSIGN_OR_RETURN(std::optional<store::Task> task, tx.GetTask(id));
    BL_RETURN_IF_ERROR(tx.UpdateTask(Granted(*task, "members/w")));
    return tx.InsertEvent(EventRow(kA, std::to_string(id))).status();
  });
  if (!status.ok()) return status;
  return id;
}

// All of each transaction, and of `acknowledged` all.
void ExpectWhole(const std::string& path, const std::set<int64_t>& acknowledged) {
  EXPECT_THAT(CheckDatabase(path), IsOkAndHolds(IsEmpty()));
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, {});
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT((*store)->Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::vector<store::Task> tasks, tx.ListTasks({}));
    BL_ASSIGN_OR_RETURN(std::vector<v1::Event> events, tx.ListEvents(kA, {0, 1'000'000}));
    std::set<int64_t> ids, named;
    for (const store::Task& task : tasks) {
      ids.insert(task.id());
      EXPECT_EQ(task.state(), store::Task::RUNNING);
    }
    for (const v1::Event& event : events) named.insert(std::stoll(event.text()));
    EXPECT_EQ(ids, named);
    for (int64_t id : acknowledged) EXPECT_EQ(ids.count(id), 1u) << "task " << id << " is lost";
    return absl::OkStatus();
  }),
              IsOk());
}

absl::Status MakeDatabase(const std::string& path) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteStore> store, SqliteStore::Open(path, {}));
  return store->Run([](Transaction& tx) { return tx.PutSearch(SearchRow(kA)); });
}

// Opens, writes, moves the log into the database and closes, with few calls of the disk.
void WriteABit(const std::string& path, const std::function<void(int64_t)>& tell) {
  SqliteStore::Options options;
  options.checkpoint_pages = 30;
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, options);
  if (!store.ok()) _exit(3);
  for (int i = 0; i < 8; ++i) {
    absl::StatusOr<int64_t> id = GrantOne(**store);
    if (!id.ok()) _exit(4);
    tell(*id);
  }
}

class CrashTest : public ::testing::TestWithParam<DiskFaults::Loss> {
 protected:
  // Syncs take most of the time, and what they are good for is simulated.
  void SetUp() override { disk_.SkipSyncs(); }
  // Of a child.
  void KillAtCall(int64_t n) { disk_.KillAtCall(n, GetParam()); }

  DiskFaults disk_;
  TestFolder folder_;
};

std::string NameOf(const ::testing::TestParamInfo<DiskFaults::Loss>& loss) {
  constexpr const char* kNames[] = {"Killed", "UnsyncedLost", "SomeUnsyncedLost"};
  return kNames[static_cast<size_t>(loss.param)];
}

INSTANTIATE_TEST_SUITE_P(Losses, CrashTest,
                         ::testing::Values(DiskFaults::Loss::kNothing, DiskFaults::Loss::kUnsynced,
                                           DiskFaults::Loss::kSomeUnsynced),
                         NameOf);

TEST_P(CrashTest, AtAnyWriteOrSyncNothingAcknowledgedIsLost) {
  const std::string path = folder_.Path("db");
  ASSERT_THAT(MakeDatabase(path), IsOk());
  std::set<int64_t> acknowledged;
  bool to_its_end = false;
  int64_t calls = 0;
  while (!to_its_end && !::testing::Test::HasFailure()) {
    ++calls;
    Child child([&](const std::function<void(int64_t)>& tell) {
      KillAtCall(calls);
      WriteABit(path, tell);
    });
    for (int64_t id = 0; child.Next(&id);) acknowledged.insert(id);
    to_its_end = child.Wait();
    SCOPED_TRACE(absl::StrFormat("killed at call %d", calls));
    ExpectWhole(path, acknowledged);
  }
  // It was killed at each step of commits and of moving the log.
  EXPECT_GT(calls, 40);
}

TEST_P(CrashTest, AtAnyWriteOfTheFirstOpeningTheFileIsUsable) {
  bool to_its_end = false;
  int64_t calls = 0;
  while (!to_its_end && !::testing::Test::HasFailure()) {
    ++calls;
    TestFolder folder;
    Child child([&](const std::function<void(int64_t)>&) {
      KillAtCall(calls);
      if (!MakeDatabase(folder.Path("db")).ok()) _exit(3);
    });
    to_its_end = child.Wait();
    SCOPED_TRACE(absl::StrFormat("killed at call %d", calls));
    ASSERT_THAT(MakeDatabase(folder.Path("db")), IsOk());
    ExpectWhole(folder.Path("db"), {});
  }
  EXPECT_GT(calls, 5);
}

TEST_P(CrashTest, AtAnyWriteOfAMigrationTheDatabaseIsOfOneVersion) {
  bool to_its_end = false;
  int64_t calls = 0;
  while (!to_its_end && !::testing::Test::HasFailure()) {
    ++calls;
    TestFolder folder;
    const std::string path = folder.Path("db");
    {
      absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
          OpenDatabase(path, SqliteDatabase::Mode::kCreate);
      ASSERT_THAT(db, IsOk());
      ASSERT_THAT(Migrate(**db, 1), IsOk());
    }
    Child child([&](const std::function<void(int64_t)>&) {
      KillAtCall(calls);
      if (!SqliteStore::Open(path, {}).ok()) _exit(3);
    });
    to_its_end = child.Wait();
    SCOPED_TRACE(absl::StrFormat("killed at call %d", calls));
    EXPECT_THAT(CheckDatabase(path), IsOkAndHolds(IsEmpty()));
    ASSERT_THAT(MakeDatabase(path), IsOk());
    ExpectWhole(path, {});
  }
  EXPECT_GT(calls, 5);
}

TEST(CrashOfThreadsTest, KilledWhileEightThreadsWriteNothingAcknowledgedIsLost) {
  TestFolder folder;
  const std::string path = folder.Path("db");
  ASSERT_THAT(MakeDatabase(path), IsOk());
  std::set<int64_t> acknowledged;
  Random random(7);
  for (int round = 0; round < 10; ++round) {
    Child child([&](const std::function<void(int64_t)>& tell) {
      SqliteStore::Options options;
      options.checkpoint_pages = 50;
      absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, options);
      if (!store.ok()) _exit(3);
      std::vector<std::thread> threads;
      for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
          while (true) {
            absl::StatusOr<int64_t> id = GrantOne(**store);
            if (!id.ok()) _exit(4);
            tell(*id);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    });
    int64_t id = 0;
    for (int64_t left = random.Between(1, 200); left > 0 && child.Next(&id); --left) {
      acknowledged.insert(id);
    }
    child.Kill();
    while (child.Next(&id)) acknowledged.insert(id);
    EXPECT_FALSE(child.Wait());
    SCOPED_TRACE(absl::StrFormat("round %d", round));
    ExpectWhole(path, acknowledged);
  }
}

TEST_P(CrashTest, WhileABackupIsMadeThereIsNoCopyOrAWholeOne) {
  const std::string path = folder_.Path("db");
  ASSERT_THAT(MakeDatabase(path), IsOk());
  bool to_its_end = false;
  for (int64_t calls = 1; !to_its_end && !::testing::Test::HasFailure(); calls += 5) {
    const std::string copy = folder_.Path(absl::StrFormat("copy%d", calls));
    Child child([&](const std::function<void(int64_t)>&) {
      absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, {});
      if (!store.ok()) _exit(3);
      KillAtCall(calls);
      if (!(*store)->Backup(copy).ok()) _exit(4);
    });
    to_its_end = child.Wait();
    SCOPED_TRACE(absl::StrFormat("killed at call %d", calls));
    if (access(copy.c_str(), F_OK) == 0) ExpectWhole(copy, {});
  }
}

}  // namespace
}  // namespace boardloop
