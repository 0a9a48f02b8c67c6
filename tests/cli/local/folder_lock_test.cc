#include "cli/local/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FolderLockTest : public ::testing::Test {
 protected:
  absl::StatusOr<FolderLock> Take(const std::string& command) {
    return FolderLock::Take(folder_.path(), command, absl::Milliseconds(10),
                            [this](const std::string& line) { lines_.push_back(line); });
  }
  TestFolder folder_;
  std::vector<std::string> lines_;
};

TEST_F(FolderLockTest, ASecondOneWaitsAndNamesTheHolder) {
  const absl::StatusOr<FolderLock> held = Take("up");
  ASSERT_THAT(held, IsOk());
  EXPECT_THAT(lines_, IsEmpty());
  const std::string holder = absl::StrFormat("`boardloop up` (process %d)", getpid());
  EXPECT_THAT(Take("down").status(), StatusIs(absl::StatusCode::kDeadlineExceeded,
                                              HasSubstr(holder + " has been at work")));
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("waiting for " + holder)));
}

TEST_F(FolderLockTest, ItIsFreeWhenItsHolderIsGone) {
  { ASSERT_THAT(Take("up"), IsOk()); }
  const absl::StatusOr<FolderLock> held = Take("down");
  ASSERT_THAT(held, IsOk());
  EXPECT_THAT(Take("up").status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("`boardloop down`")));
}

}  // namespace
}  // namespace boardloop
