#include "server/store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/status.h"
#include "server/store/check.h"
#include "server/store/open_database.h"
#include "server/store/sqlite_store.h"
#include "server/store/tables.h"
#include "tests/server/store/store_rows.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kA[] = "searches/a";

template <typename Row>
absl::Status Insert(SqliteDatabase& db, const Row& row) {
  Statement insert = db.Use(InsertSql(TableOf<Row>()));
  return insert.BindValues(TableOf<Row>().derive(row)).BindBytes(row.SerializeAsString()).Run();
}

// A database of version 1 with a row of each kind that later versions derive something from.
absl::Status MakeVersion1(const std::string& path) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db,
                      OpenDatabase(path, SqliteDatabase::Mode::kCreate));
  BL_RETURN_IF_ERROR(Migrate(*db, 1));
  BL_RETURN_IF_ERROR(Insert(*db, SearchRow(kA)));
  for (int64_t id = 1; id <= 3; ++id) {
    store::Task task = TaskRow(kA);
    task.set_id(id);
    if (id == 3) task = Granted(task, "members/w");
    BL_RETURN_IF_ERROR(Insert(*db, task));
  }
  BL_RETURN_IF_ERROR(db->Execute("UPDATE counters SET value = 3 WHERE name = 'task'"));
  BL_RETURN_IF_ERROR(Insert(*db, Artifact("used", 100, 1)));
  BL_RETURN_IF_ERROR(Insert(*db, Artifact("unused", 20, 1)));
  return db->Execute("INSERT INTO artifact_references VALUES ('used', 'searches/a')");
}

class MigrationsTest : public ::testing::Test {
 protected:
  absl::StatusOr<int64_t> Version() {
    BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db,
                        SqliteDatabase::Open(path_, SqliteDatabase::Mode::kExisting));
    return db->Number("PRAGMA user_version");
  }
  TestFolder folder_;
  const std::string path_ = folder_.Path("db");
};

TEST_F(MigrationsTest, Version1IsBroughtUpToDateWithItsRows) {
  ASSERT_THAT(MakeVersion1(path_), IsOk());
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
  absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
  ASSERT_THAT(store, IsOk());

  ASSERT_THAT((*store)->Run([](Transaction& tx) -> absl::Status {
    TaskQuery queued;
    queued.state = store::Task::QUEUED;
    EXPECT_THAT(tx.CountTasks(queued), IsOkAndHolds(2));
    EXPECT_THAT(tx.CountTasks({}), IsOkAndHolds(3));
    EXPECT_THAT(tx.ArtifactBytes(), IsOkAndHolds(120));
    BL_ASSIGN_OR_RETURN(auto unreferenced, tx.UnreferencedArtifacts(100));
    EXPECT_THAT(unreferenced,
                ElementsAre(::testing::Property(&store::ArtifactRow::sha256, "unused")));
    EXPECT_THAT(tx.InsertTask(TaskRow(kA)), IsOkAndHolds(4));
    return absl::OkStatus();
  }),
              IsOk());

  *store = nullptr;
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Version(), IsOkAndHolds(SchemaVersion()));
}

TEST_F(MigrationsTest, WhoWasRevokedInVersion4StaysRevoked) {
  {
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        OpenDatabase(path_, SqliteDatabase::Mode::kCreate);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT(Migrate(**db, 4), IsOk());
    // Field 1, "user/eve"; field 2, 7.
    ASSERT_THAT((*db)->Execute("INSERT INTO revocations VALUES ('user/eve', "
                               "x'0a08757365722f6576651007')"),
                IsOk());
  }
  const absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path_, {});
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT((*store)->Read([](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const auto eve, tx.GetIdentity("user/eve"));
    EXPECT_EQ(eve->revoke_time_ms(), 7);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_F(MigrationsTest, AFailedStepLeavesTheVersionBefore) {
  ASSERT_THAT(MakeVersion1(path_), IsOk());
  {
    // Something in the way of version 2.
    absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
        SqliteDatabase::Open(path_, SqliteDatabase::Mode::kExisting);
    ASSERT_THAT((*db)->Execute("INSERT INTO counters VALUES ('artifact_bytes', 5)"), IsOk());
  }
  EXPECT_THAT(SqliteStore::Open(path_, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("migration to version 2")));
  EXPECT_THAT(Version(), IsOkAndHolds(1));
  EXPECT_THAT(CheckDatabase(path_), IsOkAndHolds(IsEmpty()));
}

TEST_F(MigrationsTest, EachVersionIsReachedFromTheOneBefore) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
      OpenDatabase(path_, SqliteDatabase::Mode::kCreate);
  ASSERT_THAT(db, IsOk());
  for (int64_t version = 1; version <= SchemaVersion(); ++version) {
    ASSERT_THAT(Migrate(**db, version), IsOk());
    EXPECT_THAT((*db)->Number("PRAGMA user_version"), IsOkAndHolds(version));
    EXPECT_THAT(SchemaDifferences(**db, version), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(CheckIdentity(**db), IsOk());
  }
  EXPECT_THAT(Migrate(**db, SchemaVersion()), IsOk());  // Nothing to do.
}

TEST_F(MigrationsTest, DifferencesNameWhatIsMissingAndWhatIsNotOurs) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
      OpenDatabase(path_, SqliteDatabase::Mode::kCreate);
  ASSERT_THAT(db, IsOk());
  ASSERT_THAT(Migrate(**db, SchemaVersion()), IsOk());
  ASSERT_THAT((*db)->Execute("DROP INDEX tasks_queue; CREATE TABLE notes (text)"), IsOk());
  EXPECT_THAT(SchemaDifferences(**db, SchemaVersion()),
              IsOkAndHolds(ElementsAre(HasSubstr("missing or changed: index tasks_queue"),
                                       HasSubstr("not of this version: table notes"))));
}

}  // namespace
}  // namespace boardloop
