#include "core/data/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ImageFolderTest : public testing::Test {
 protected:
  ImageFolderTest()
      : root_(fs::path(testing::TempDir()) /
              (std::to_string(getpid()) +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(root_);
  }
  ~ImageFolderTest() override { fs::remove_all(root_); }

  void Touch(const std::string& path) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << "x";
  }

  const fs::path root_;
};

TEST_F(ImageFolderTest, ClassesAndImagesAreSortedByName) {
  for (const char* path : {"dog/10.png", "dog/9.jpg", "cat/b.JPEG", "cat/a.jpg"}) Touch(path);
  absl::StatusOr<ImageFolder> folder = ListImageFolder(root_.string());
  ASSERT_THAT(folder, IsOk());
  EXPECT_THAT(folder->classes, ElementsAre("cat", "dog"));
  std::vector<std::string> images;
  for (const LabelledImage& image : folder->images) {
    images.push_back(std::to_string(image.label) + fs::path(image.path).filename().string());
  }
  EXPECT_THAT(images, ElementsAre("0a.jpg", "0b.JPEG", "110.png", "19.jpg"));
}

TEST_F(ImageFolderTest, OtherFilesAreCountedAndHiddenOnesAreNot) {
  for (const char* path : {"cat/a.jpg", "cat/notes.txt", "labels.csv", "cat/.DS_Store", ".git/x"}) {
    Touch(path);
  }
  absl::StatusOr<ImageFolder> folder = ListImageFolder(root_.string());
  ASSERT_THAT(folder, IsOk());
  EXPECT_EQ(folder->other_files, 2);
  EXPECT_THAT(folder->classes, ElementsAre("cat"));
}

TEST_F(ImageFolderTest, AClassWithoutImagesIsNamed) {
  Touch("cat/a.jpg");
  Touch("dog/readme.txt");
  EXPECT_THAT(ListImageFolder(root_.string()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("dog has no .jpg")));
}

TEST_F(ImageFolderTest, AFolderWithoutClassesIsRefused) {
  Touch("a.jpg");
  EXPECT_THAT(ListImageFolder(root_.string()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("CLASS/IMAGE.jpg")));
}

TEST_F(ImageFolderTest, AMissingFolderIsNotFound) {
  EXPECT_THAT(ListImageFolder((root_ / "nowhere").string()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere")));
}

TEST_F(ImageFolderTest, AFileIsRefused) {
  Touch("a.jpg");
  EXPECT_THAT(ListImageFolder((root_ / "a.jpg").string()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Not a directory")));
}

}  // namespace
}  // namespace boardloop
