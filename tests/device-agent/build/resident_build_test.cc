#include "device-agent/build/resident_build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/toolchain.h"
#include "tests/firmware/runner/test_network.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using Image = absl::StatusOr<std::shared_ptr<const FirmwareImage>>;

Builder BuilderIn(const std::string& cache_folder) {
  absl::StatusOr<Toolchain> toolchain = FindToolchain();
  EXPECT_THAT(toolchain, IsOk());
  absl::StatusOr<std::string> sources = FindFirmwareSources();
  EXPECT_THAT(sources, IsOk());
  return Builder(toolchain.value_or(Toolchain{}), {cache_folder, sources.value_or(""), 0});
}

class ResidentBuildTest : public testing::Test {
 protected:
  const BoardType type_ = LoadBoardType("virtual-stm32f405").value_or(BoardType{});
  TestFolder folder_;
};

TEST_F(ResidentBuildTest, AllThreadsGetOneImage) {
  const Builder builder = BuilderIn(SharedBuildCache());
  ResidentBuild resident(type_, builder);
  std::vector<Image> images(4, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (Image& image : images) threads.emplace_back([&] { image = resident.Get(); });
  for (std::thread& thread : threads) thread.join();
  for (const Image& image : images) {
    ASSERT_THAT(image, IsOk());
    EXPECT_EQ(*image, *images[0]);
  }
}

TEST_F(ResidentBuildTest, ABuildThatFailedIsTriedAgain) {
  // A file where the cache's folder should be.
  const std::string cache = folder_.Path("cache");
  std::ofstream(cache) << "x";
  const Builder builder = BuilderIn(cache);
  ResidentBuild resident(type_, builder);
  EXPECT_THAT(resident.Get(), StatusIs(absl::StatusCode::kUnavailable));
  std::filesystem::remove(cache);
  std::filesystem::create_directory_symlink(SharedBuildCache(), cache);
  EXPECT_THAT(resident.Get(), IsOk());
}

}  // namespace
}  // namespace boardloop
