#include "worker/service/dataset_access.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class DatasetAccessTest : public testing::Test {
 protected:
  DatasetAccessTest() {
    WriteIn(folder_, "allowed/digits/train-images-idx3-ubyte", "x");
    WriteIn(folder_, "other/digits/train-images-idx3-ubyte", "x");
  }
  ~DatasetAccessTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  DatasetAccess::Options Options(std::vector<std::string> roots) {
    DatasetAccess::Options options;
    options.roots = std::move(roots);
    options.log = [this](const std::string& line) { lines_.push_back(line); };
    return options;
  }

  const std::string folder_ = NewFolder();
  FakeClock clock_;
  std::vector<std::string> lines_;
};

TEST_F(DatasetAccessTest, OffersWhatIsAskedForAndThere) {
  DatasetAccess access(Options({}), clock_);
  EXPECT_TRUE(access.Ask({At("allowed/digits"), At("absent")}));
  EXPECT_THAT(access.Offered(), ElementsAre(At("allowed/digits")));
  EXPECT_FALSE(access.Ask({At("allowed/digits"), At("absent")}));
}

TEST_F(DatasetAccessTest, NothingOutsideTheRoots) {
  DatasetAccess access(Options({At("allowed"), At("second/")}), clock_);
  fs::create_directory_symlink(At("other"), At("allowed/link"));
  for (const char* path :
       {"other/digits", "allowed/../other/digits", "allowed/link/digits", "allowed-not/digits"}) {
    EXPECT_THAT(access.Check(At(path)),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("--data-root")))
        << path;
  }
  EXPECT_THAT(access.Check(At("allowed/digits")), IsOk());
  WriteIn(folder_, "second/train.bin", "x");
  EXPECT_THAT(access.Check(At("second")), IsOk());
}

TEST_F(DatasetAccessTest, LooksAgainAfterAWhile) {
  DatasetAccess access(Options({}), clock_);
  EXPECT_FALSE(access.Ask({At("late")}));
  WriteIn(folder_, "late/train.bin", "x");
  EXPECT_FALSE(access.Ask({At("late")}));
  clock_.Advance(absl::Seconds(11));
  EXPECT_TRUE(access.Ask({At("late")}));
}

TEST_F(DatasetAccessTest, LogsAProblemOnce) {
  DatasetAccess access(Options({}), clock_);
  for (int i = 0; i < 3; ++i) {
    access.Ask({At("absent")});
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("absent")));
}

TEST_F(DatasetAccessTest, WhatCouldNotBeLoadedIsNotOfferedForAWhile) {
  DatasetAccess access(Options({}), clock_);
  access.Ask({At("allowed/digits")});
  access.NoteFailure(At("allowed/digits"), absl::DataLossError("torn"));
  EXPECT_THAT(access.Offered(), IsEmpty());
  EXPECT_THAT(access.Problems(), ElementsAre(Pair(At("allowed/digits"), "torn")));
  clock_.Advance(absl::Seconds(50));
  EXPECT_FALSE(access.Ask({At("allowed/digits")}));
  clock_.Advance(absl::Seconds(20));
  EXPECT_TRUE(access.Ask({At("allowed/digits")}));
}

}  // namespace
}  // namespace boardloop
