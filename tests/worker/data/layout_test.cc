#include "worker/data/layout.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

class LayoutTest : public testing::Test {
 protected:
  ~LayoutTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::string folder_ = NewFolder();
};

TEST_F(LayoutTest, IsToldByNames) {
  const struct {
    const char* file;
    v1::DatasetSpec::Kind kind;
  } cases[] = {{"train-images-idx3-ubyte", v1::DatasetSpec::IDX},
               {"train-images-idx3-ubyte.gz", v1::DatasetSpec::IDX},
               {"data_batch_1.bin", v1::DatasetSpec::CIFAR_BINARY},
               {"train.bin", v1::DatasetSpec::CIFAR_BINARY},
               {"cat/1.JPG", v1::DatasetSpec::IMAGE_FOLDER},
               {"train/cat/1.png", v1::DatasetSpec::IMAGE_FOLDER},
               {"yes/1.wav", v1::DatasetSpec::WAV_FOLDER}};
  int number = 0;
  for (const auto& [file, kind] : cases) {
    const std::string folder = folder_ + "/" + std::to_string(number++);
    WriteIn(folder, file, "x");
    WriteIn(folder, "README", "x");
    EXPECT_THAT(DetectLayout(folder), IsOkAndHolds(kind)) << file;
  }
}

TEST_F(LayoutTest, WhatIsNoneIsSaid) {
  WriteIn(folder_, "other/notes.txt", "x");
  EXPECT_THAT(DetectLayout(folder_ + "/absent"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(DetectLayout(folder_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no data set")));
  EXPECT_THAT(DetectLayout(folder_ + "/other/notes.txt"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a folder")));
}

}  // namespace
}  // namespace boardloop
