// AdminService, as `boardloop-server` calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "boardloop/v1/admin_service.grpc.pb.h"
#include "core/base/files.h"
#include "server/program.h"
#include "server/store/check.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

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

TEST(CheckCommandTest, AnEmptyDatabaseIsSaidToBeEmpty) {
  const TestFolder folder;
  ASSERT_THAT(WriteFileAtomically(folder.Path("boardloop.db"), ""), IsOk());
  std::vector<std::string> arguments = {"boardloop-server", "check", "--state", folder.path()};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::testing::internal::CaptureStdout();
  const int code = RunServer(static_cast<int>(arguments.size()), argv.data());
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("it is empty"));
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace boardloop
