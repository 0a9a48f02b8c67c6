#include "core/base/file_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/base/files.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(FileIoTest, WhatIsWrittenIsReadFromTheFilesPosition) {
  const TestFolder folder;
  const std::string path = folder.Path("a");
  const absl::StatusOr<UniqueFd> file = OpenFile(path, O_RDWR | O_CREAT);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(WriteFully(file->get(), path, "ab"), IsOk());
  ASSERT_THAT(WriteFully(file->get(), path, "cd"), IsOk());
  ASSERT_THAT(SyncFile(file->get(), path), IsOk());
  ASSERT_THAT(SyncFolder(folder.path()), IsOk());
  EXPECT_THAT(FileSize(file->get(), path), IsOkAndHolds(4));
  ASSERT_EQ(lseek(file->get(), 1, SEEK_SET), 1);
  char bytes[10];
  EXPECT_THAT(ReadSome(file->get(), path, bytes, sizeof(bytes)), IsOkAndHolds(3u));
  EXPECT_EQ(std::string(bytes, 3), "bcd");
  EXPECT_THAT(ReadSome(file->get(), path, bytes, sizeof(bytes)), IsOkAndHolds(0u));
}

TEST(FileIoTest, AMissingFileIsNotFoundByItsName) {
  const TestFolder folder;
  EXPECT_THAT(OpenFile(folder.Path("no"), O_RDONLY).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder.Path("no"))));
}

TEST(FileIoTest, NoRoomIsResourceExhausted) {
  const TestFolder folder;
  const std::string path = folder.Path("a");
  const absl::StatusOr<UniqueFd> file = OpenFile(path, O_RDWR | O_CREAT);
  ASSERT_THAT(file, IsOk());
  const FileSizeLimit limit(1000);
  EXPECT_THAT(WriteFully(file->get(), path, std::string(1001, 'a')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path)));
}

TEST(FileIoTest, AFullDeviceIsResourceExhausted) {
  const absl::StatusOr<UniqueFd> full = OpenFile("/dev/full", O_WRONLY);
  if (!full.ok()) GTEST_SKIP() << "no /dev/full here";
  EXPECT_THAT(WriteFully(full->get(), "/dev/full", "a"),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(FileIoTest, ADiskHasFreeBytesAndAMissingFolderHasNone) {
  const TestFolder folder;
  const absl::StatusOr<int64_t> free = FreeDiskBytes(folder.path());
  ASSERT_THAT(free, IsOk());
  EXPECT_GT(*free, 0);
  EXPECT_THAT(FreeDiskBytes(folder.Path("no")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace boardloop
