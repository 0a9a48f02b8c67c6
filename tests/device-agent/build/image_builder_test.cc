// Images of a hand-written network for every board type: what is where, cache, errors.
#include "device-agent/build/image_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/board/board_type.h"
#include "device-agent/build/build_cache.h"
#include "device-agent/build/elf_file.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/memory_layout.h"
#include "device-agent/build/toolchain.h"
#include "tests/firmware/runner/test_network.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ImageBuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/boardloop-build-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    board_ = Load("virtual-stm32f405");
  }
  void TearDown() override { fs::remove_all(folder_); }

  static BoardType Load(const std::string& name) {
    absl::StatusOr<BoardType> board = LoadBoardType(name);
    EXPECT_THAT(board, IsOk());
    return board.value_or(BoardType{});
  }

  std::string folder_;
  BoardType board_;
};

TEST_F(ImageBuilderTest, BuildsForEveryBoardTypeWithFirmware) {
  int built = 0;
  for (const std::string& name : BoardTypeNames()) {
    const BoardType board = Load(name);
    if (!board.support.has_value()) continue;
    TestNetwork network;
    network.arena_bytes = 1000;
    absl::StatusOr<FirmwareImage> image = BuildTestImage(board, network, SharedBuildCache());
    ASSERT_THAT(image, IsOk()) << name;
    absl::StatusOr<MemoryLayout> layout = LayOutMemory(board, {1000});
    ASSERT_THAT(layout, IsOk());
    EXPECT_EQ(image->symbols.at("bl_vectors"), layout->flash.begin) << name;
    EXPECT_EQ(image->symbols.at("test_arena0") + 1000, layout->arenas[0].used.end) << name;
    EXPECT_EQ(image->size.arena, 1000) << name;
    EXPECT_GT(image->size.code, 1000) << name;
    EXPECT_LT(image->size.code, 8192) << name;
    EXPECT_LE(image->size.data, board.reserves.data_bytes) << name;
    EXPECT_EQ(image->size.weights + image->size.constants + image->size.code, image->size.flash);
    ++built;
  }
  EXPECT_GE(built, 6);
}

TEST_F(ImageBuilderTest, WhatIsLoadedLiesInFlashAndStartsWithTheVectors) {
  absl::StatusOr<FirmwareImage> image = BuildTestImage(board_, {}, SharedBuildCache());
  ASSERT_THAT(image, IsOk());
  absl::StatusOr<std::vector<LoadSegment>> segments = LoadSegments(*image);
  ASSERT_THAT(segments, IsOk());
  ASSERT_FALSE(segments->empty());
  EXPECT_EQ(segments->front().address, 0x08000000u);
  int64_t bytes = 0;
  for (const LoadSegment& segment : *segments) bytes += static_cast<int64_t>(segment.bytes.size());
  EXPECT_EQ(bytes, image->size.flash);
  uint32_t reset = 0;
  memcpy(&reset, segments->front().bytes.data() + 4, 4);
  EXPECT_EQ(reset & 1, 1u);  // Thumb.
  EXPECT_EQ(reset >> 20, 0x080u);
}

TEST_F(ImageBuilderTest, TheSameInputGivesTheSameBytesInAnyFolder) {
  absl::StatusOr<std::string> sources = FindFirmwareSources();
  ASSERT_THAT(sources, IsOk());
  fs::create_directories(folder_ + "/copy");
  fs::copy(*sources + "/firmware", folder_ + "/copy/firmware", fs::copy_options::recursive);
  absl::StatusOr<Toolchain> toolchain = FindToolchain();
  ASSERT_THAT(toolchain, IsOk());
  absl::StatusOr<FirmwareImage> shared = BuildTestImage(board_, {}, SharedBuildCache());
  ASSERT_THAT(shared, IsOk());
  absl::StatusOr<BuildCache> cache = BuildCache::Open(folder_ + "/cache");
  ASSERT_THAT(cache, IsOk());
  absl::StatusOr<FirmwareImage> copied =
      ImageBuilder(*toolchain, *cache, folder_ + "/copy", 1).Build(board_, InputsFor({}));
  ASSERT_THAT(copied, IsOk());
  EXPECT_FALSE(copied->from_cache);
  EXPECT_EQ(copied->elf, shared->elf);
  EXPECT_EQ(copied->elf.find(folder_), std::string::npos);
}

TEST_F(ImageBuilderTest, ACachedImageIsIdenticalAndNothingIsLeftBehind) {
  const std::string cache = folder_ + "/cache";
  absl::StatusOr<FirmwareImage> first = BuildTestImage(board_, {}, cache);
  absl::StatusOr<FirmwareImage> second = BuildTestImage(board_, {}, cache);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(first->from_cache);
  EXPECT_TRUE(second->from_cache);
  EXPECT_EQ(first->elf, second->elf);
  EXPECT_EQ(first->digest, second->digest);
  EXPECT_EQ(first->symbols, second->symbols);
  EXPECT_EQ(second->compile_seconds, 0);
  for (const fs::directory_entry& entry : fs::directory_iterator(cache)) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("objects", "images"));
  }
}

TEST_F(ImageBuilderTest, BuildsAtTheSameTimeShareACache) {
  const std::string cache = folder_ + "/cache";
  std::vector<absl::StatusOr<FirmwareImage>> images(4, absl::UnknownError("not built"));
  std::vector<std::thread> threads;
  for (absl::StatusOr<FirmwareImage>& image : images) {
    threads.emplace_back([&] { image = BuildTestImage(board_, {}, cache); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::StatusOr<FirmwareImage>& image : images) {
    ASSERT_THAT(image, IsOk());
    EXPECT_EQ(image->elf, images[0]->elf);
  }
}

TEST_F(ImageBuilderTest, ASourceThatChangesDuringItsCompilationIsNotCached) {
  absl::StatusOr<std::string> sources = FindFirmwareSources();
  ASSERT_THAT(sources, IsOk());
  fs::create_directories(folder_ + "/copy");
  fs::copy(*sources + "/firmware", folder_ + "/copy/firmware", fs::copy_options::recursive);
  // A compiler during whose work somebody edits a source.
  const std::string script = folder_ + "/editing-gcc";
  std::ofstream(script) << "#!/bin/sh\necho >>" << folder_
                        << "/copy/firmware/runner/crc32.h\nexec arm-none-eabi-gcc \"$@\"\n";
  fs::permissions(script, fs::perms::owner_all);
  const Toolchain toolchain = {folder_ + "/editing-", "editing 1"};
  absl::StatusOr<BuildCache> cache = BuildCache::Open(folder_ + "/cache");
  ASSERT_THAT(cache, IsOk());
  EXPECT_THAT(ImageBuilder(toolchain, *cache, folder_ + "/copy", 1).Build(board_, InputsFor({})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("changed during")));
}

TEST_F(ImageBuilderTest, ADamagedCacheEntryIsBuiltAgain) {
  const std::string cache = folder_ + "/cache";
  absl::StatusOr<FirmwareImage> first = BuildTestImage(board_, {}, cache);
  ASSERT_THAT(first, IsOk());
  for (const fs::directory_entry& entry : fs::directory_iterator(cache + "/images")) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('!');
  }
  absl::StatusOr<FirmwareImage> second = BuildTestImage(board_, {}, cache);
  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(second->from_cache);
  EXPECT_EQ(first->elf, second->elf);
}

TEST_F(ImageBuilderTest, AnotherNetworkReusesTheObjectsOfTheTree) {
  const std::string cache = folder_ + "/cache";
  ASSERT_THAT(BuildTestImage(board_, {}, cache), IsOk());
  const auto objects = [&] {
    return std::distance(fs::directory_iterator(cache + "/objects"), fs::directory_iterator());
  };
  const auto before = objects();
  TestNetwork other;
  other.height = 8;
  absl::StatusOr<FirmwareImage> image = BuildTestImage(board_, other, cache);
  ASSERT_THAT(image, IsOk());
  EXPECT_FALSE(image->from_cache);
  EXPECT_EQ(objects(), before);
}

TEST_F(ImageBuilderTest, AProgramLargerThanTheFlashSaysByHowMuch) {
  TestNetwork network;
  network.flash_bytes = 1 << 20;
  absl::StatusOr<FirmwareImage> image = BuildTestImage(board_, network, SharedBuildCache());
  EXPECT_THAT(image, StatusIs(absl::StatusCode::kResourceExhausted,
                              AllOf(HasSubstr("B larger than the 1048576 B of flash"),
                                    HasSubstr("virtual-stm32f405"))));
}

TEST_F(ImageBuilderTest, AnArenaLargerThanTheRamSaysByHowMuch) {
  TestNetwork network;
  network.arena_bytes = board_.ArenaRegions()[0] + 4;
  EXPECT_THAT(BuildTestImage(board_, network, SharedBuildCache()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("4 B too much")));
}

TEST_F(ImageBuilderTest, DataLargerThanWhatTheArenaLeavesSaysByHowMuch) {
  TestNetwork network;
  network.arena_bytes = board_.ArenaRegions()[0];
  network.globals = "static volatile int8_t more[8000];";
  network.body = "more[0] = 1;";
  EXPECT_THAT(BuildTestImage(board_, network, SharedBuildCache()),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("B larger than the RAM that holds them")));
}

TEST_F(ImageBuilderTest, CompilerErrorsReachTheMessage) {
  TestNetwork network;
  network.body = "no_such_thing = 1;";
  EXPECT_THAT(BuildTestImage(board_, network, SharedBuildCache()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("network.c"), HasSubstr("no_such_thing"))));
}

TEST_F(ImageBuilderTest, UndefinedSymbolsReachTheMessage) {
  TestNetwork network;
  network.globals = "void nowhere(void);";
  network.body = "nowhere();";
  EXPECT_THAT(BuildTestImage(board_, network, SharedBuildCache()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nowhere")));
}

TEST_F(ImageBuilderTest, ABoardTypeWithoutFirmwareIsRefused) {
  EXPECT_THAT(BuildTestImage(Load("stm32f765"), {}, SharedBuildCache()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no firmware")));
}

TEST_F(ImageBuilderTest, ACacheThatCannotBeWrittenIsUnavailable) {
  std::ofstream(folder_ + "/file") << "not a folder";
  EXPECT_THAT(BuildTestImage(board_, {}, folder_ + "/file/cache"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("build cache cannot write")));
}

// As on a full disk: no file may grow beyond 4 KiB.
TEST_F(ImageBuilderTest, AFullDiskIsUnavailable) {
  signal(SIGXFSZ, SIG_IGN);  // The write fails instead, here and in the compiler.
  rlimit old_limit;
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit small = {4096, old_limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  absl::StatusOr<FirmwareImage> image = BuildTestImage(board_, {}, folder_ + "/cache");
  setrlimit(RLIMIT_FSIZE, &old_limit);
  EXPECT_THAT(image, StatusIs(absl::StatusCode::kUnavailable, testing::_));
  // And with space again it works.
  EXPECT_THAT(BuildTestImage(board_, {}, folder_ + "/cache"), IsOk());
}

TEST(ToolchainTest, SaysWhatToInstallWhenThereIsNoCompiler) {
  EXPECT_THAT(FindToolchain("/nowhere/arm-none-eabi-"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("/nowhere/arm-none-eabi-gcc"), HasSubstr("install"))));
}

TEST(ToolchainTest, RefusesACompilerForSomethingElse) {
  EXPECT_THAT(FindToolchain("/usr/bin/"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Cortex-M")));
}

TEST(FirmwareSourcesTest, AreWhereTheVariableSays) {
  setenv("BOARDLOOP_FIRMWARE", "/nowhere", 1);
  EXPECT_THAT(FindFirmwareSources(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere")));
  unsetenv("BOARDLOOP_FIRMWARE");
  EXPECT_THAT(FindFirmwareSources(), IsOk());
}

TEST(ElfFileTest, RefusesWhatIsNoArmProgram) {
  EXPECT_THAT(ReadElf(""), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
  EXPECT_THAT(ReadElf("text"), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
}

}  // namespace
}  // namespace boardloop
