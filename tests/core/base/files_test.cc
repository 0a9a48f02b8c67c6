#include "core/base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/files_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  int FilesInFolder() const {
    return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::string folder_;
};

TEST_F(FilesTest, WhatIsWrittenIsReadBack) {
  const std::string content("a\0b\n", 4);
  ASSERT_THAT(WriteFileAtomically(Path("a"), content), IsOk());
  EXPECT_THAT(ReadFile(Path("a"), 100), IsOkAndHolds(content));
}

TEST_F(FilesTest, AnEmptyFileIsEmpty) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), ""), IsOk());
  EXPECT_THAT(ReadFile(Path("a"), 0), IsOkAndHolds(""));
}

TEST_F(FilesTest, AFileOfTheLimitIsReadAndOneByteMoreIsRefused) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "12345"), IsOk());
  EXPECT_THAT(ReadFile(Path("a"), 5), IsOkAndHolds("12345"));
  EXPECT_THAT(ReadFile(Path("a"), 4),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(Path("a")), HasSubstr("5 bytes"), HasSubstr("at most 4"))));
}

TEST_F(FilesTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ReadFile(Path("nothing"), 5),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(Path("nothing"))));
}

TEST_F(FilesTest, AnUnreadableFileIsPermissionDenied) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ASSERT_THAT(WriteFileAtomically(Path("a"), "1"), IsOk());
  ASSERT_EQ(chmod(Path("a").c_str(), 0), 0);
  EXPECT_THAT(ReadFile(Path("a"), 5), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(FilesTest, AFolderIsRefused) {
  EXPECT_THAT(ReadFile(folder_, 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST_F(FilesTest, APipeIsRefusedWithoutWaitingForAWriter) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(Path("pipe"), 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST_F(FilesTest, WritingReplacesTheOldContentAndLeavesNoOtherFile) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "old and long"), IsOk());
  ASSERT_THAT(WriteFileAtomically(Path("a"), "new"), IsOk());
  EXPECT_THAT(ReadFile(Path("a"), 100), IsOkAndHolds("new"));
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(FilesTest, AFileOpenedBeforeAWriteKeepsItsContent) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "old"), IsOk());
  int fd = open(Path("a").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_THAT(WriteFileAtomically(Path("a"), "new"), IsOk());
  char content[4] = {};
  EXPECT_EQ(read(fd, content, 3), 3);
  EXPECT_STREQ(content, "old");
  close(fd);
}

TEST_F(FilesTest, AWrittenFileHasTheUsualPermissions) {
  mode_t mask = umask(0027);
  absl::Status status = WriteFileAtomically(Path("a"), "1");
  umask(mask);
  ASSERT_THAT(status, IsOk());
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(FilesTest, WritingIntoAMissingFolderIsNotFound) {
  EXPECT_THAT(WriteFileAtomically(Path("no/a"), "1"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(Path("no/a"))));
}

TEST_F(FilesTest, AWriteThatFailsLeavesNoOtherFile) {
  ASSERT_EQ(mkdir(Path("a").c_str(), 0700), 0);
  EXPECT_FALSE(WriteFileAtomically(Path("a"), "1").ok());  // A folder cannot be replaced.
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(FilesTest, ADeviceIsNotReplacedByAFile) {
  EXPECT_THAT(WriteFileAtomically("/dev/null", "text"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

}  // namespace
}  // namespace boardloop
