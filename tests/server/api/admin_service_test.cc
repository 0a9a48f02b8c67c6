// AdminService, as `boardloop-server` calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "boardloop/v1/admin_service.grpc.pb.h"
#include "core/base/files.h"
#include "server/store/check.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AdminServiceTest : public CoordinatorTest {
 protected:
  absl::Status BackUp(const std::string& path) {
    v1::BackUpDatabaseRequest request;
    request.set_path(path);
    return Call(&v1::AdminService::Stub::BackUpDatabase, request).status();
  }
};

TEST_F(AdminServiceTest, ACopyOfARunningCoordinatorsDatabaseIsWhole) {
  Create("a");
  const std::string copy = folder_.Path("copy.db");
  ASSERT_THAT(BackUp(copy), IsOk());
  EXPECT_THAT(CheckDatabase(copy), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Get("searches/a"), IsOk()) << "it runs on";
}

TEST_F(AdminServiceTest, WhatIsThereIsNotReplaced) {
  const std::string copy = folder_.Path("copy.db");
  ASSERT_THAT(BackUp(copy), IsOk());
  EXPECT_THAT(BackUp(copy), StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(copy)));
  EXPECT_THAT(BackUp("copy.db"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be absolute")));
  EXPECT_THAT(BackUp(folder_.Path("none/copy.db")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AdminServiceTest, TheStateFolderSaysWhereItIsServed) {
  EXPECT_THAT(ReadFile(folder_.Path("state/address"), 100),
              IsOkAndHolds(coordinator_->address() + "\n"));
}

}  // namespace
}  // namespace boardloop
