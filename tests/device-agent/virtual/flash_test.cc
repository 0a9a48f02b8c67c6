// The flash array and its controller.
#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "device-agent/virtual/flash_array.h"
#include "device-agent/virtual/flash_controller.h"
#include "tests/support/status_matchers.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;

constexpr uint32_t kKeyr = 0x04, kSr = 0x0c, kCr = 0x10, kOptkeyr = 0x08, kOptcr = 0x14;
constexpr uint32_t kProgramWords = 1 | 2 << 8, kStart = 1u << 16, kLock = 1u << 31;
constexpr uint32_t kSequenceError = 1 << 7, kParallelismError = 1 << 6;

class FlashTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "/flash-" + info->name() + ".bin";
    std::filesystem::remove(path_);
    type_ = *FindBoardType("virtual-stm32f405");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  FlashArray Open() { return *FlashArray::Open(path_, type_.flash_bytes); }

  static void Unlock(FlashController& controller) {
    controller.WriteRegister(kKeyr, 0x45670123);
    controller.WriteRegister(kKeyr, 0xcdef89ab);
  }

  std::string path_;
  BoardType type_;
};

TEST_F(FlashTest, NewFileIsErasedAndWhole) {
  const FlashArray flash = Open();
  EXPECT_EQ(std::filesystem::file_size(path_), type_.flash_bytes);
  EXPECT_EQ(flash.data()[0], 0xff);
  EXPECT_EQ(flash.data()[type_.flash_bytes - 1], 0xff);
}

TEST_F(FlashTest, ProgrammedBytesAreInTheFileAtOnce) {
  FlashArray flash = Open();
  flash.Program(5, 0x5a);
  std::ifstream file(path_, std::ios::binary);
  file.seekg(5);
  EXPECT_EQ(file.get(), 0x5a);
}

TEST_F(FlashTest, FileOfAnotherSizeIsRefused) {
  std::ofstream(path_) << "abc";
  EXPECT_THAT(FlashArray::Open(path_, type_.flash_bytes),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("it has 3 B")));
}

TEST_F(FlashTest, FullDiskIsMetAtTheStart) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  std::filesystem::create_symlink("/dev/full", path_ + ".new");
  EXPECT_FALSE(FlashArray::Open(path_, type_.flash_bytes).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::filesystem::remove(path_ + ".new");
}

TEST_F(FlashTest, ChangesAreRunsOfBlocksTakenOnce) {
  FlashArray flash = Open();
  EXPECT_EQ(flash.TakeChanges().size(), 1u);  // All of it.
  EXPECT_TRUE(flash.TakeChanges().empty());
  flash.Program(1024, 0);
  flash.Program(2048, 0);
  flash.Program(10'000, 0);
  const std::vector<FlashArray::Run> runs = flash.TakeChanges();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].offset, 1024u);
  EXPECT_EQ(runs[0].bytes.size(), 2048u);
  EXPECT_EQ(runs[1].offset, 9u * 1024);
}

TEST_F(FlashTest, LockedControllerProgramsNothing) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  controller.WriteRegister(kCr, kProgramWords);
  controller.Store(0, 4, 0);
  EXPECT_EQ(flash.data()[0], 0xff);
  EXPECT_EQ(controller.ReadRegister(kSr), kSequenceError);
  EXPECT_FALSE(controller.unlocked());
}

TEST_F(FlashTest, KeysInOrderUnlockAndLockHolds) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  controller.WriteRegister(kKeyr, 0xcdef89ab);
  controller.WriteRegister(kKeyr, 0x45670123);
  EXPECT_FALSE(controller.unlocked());
  Unlock(controller);
  EXPECT_TRUE(controller.unlocked());
  controller.WriteRegister(kCr, kLock);
  EXPECT_FALSE(controller.unlocked());
}

TEST_F(FlashTest, ProgrammingOnlyClearsBits) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  Unlock(controller);
  controller.WriteRegister(kCr, kProgramWords);
  controller.Store(8, 4, 0x0f0f0f0f);
  controller.Store(8, 4, 0xffff0000);
  EXPECT_EQ(flash.data()[8], 0);
  EXPECT_EQ(flash.data()[10], 0x0f);
  EXPECT_EQ(controller.ReadRegister(kSr), 1u);
}

TEST_F(FlashTest, WidthOtherThanChosenIsAnError) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  Unlock(controller);
  controller.WriteRegister(kCr, kProgramWords);
  controller.Store(0, 2, 0);
  EXPECT_EQ(controller.ReadRegister(kSr), kParallelismError);
  EXPECT_EQ(flash.data()[0], 0xff);
  controller.WriteRegister(kSr, kParallelismError);
  EXPECT_EQ(controller.ReadRegister(kSr), 0u);
}

TEST_F(FlashTest, SectorEraseErasesThatSector) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  for (const uint32_t offset : {0x3fffu, 0x4000u, 0x7fffu, 0x8000u}) flash.Program(offset, 0);
  Unlock(controller);
  controller.WriteRegister(kCr, 2 | 1 << 3 | kStart);  // Sector 1: 16 KiB at 0x4000.
  EXPECT_EQ(flash.data()[0x3fff], 0);
  EXPECT_EQ(flash.data()[0x4000], 0xff);
  EXPECT_EQ(flash.data()[0x7fff], 0xff);
  EXPECT_EQ(flash.data()[0x8000], 0);
  controller.WriteRegister(kCr, 2 | 31 << 3 | kStart);
  EXPECT_TRUE(controller.ReadRegister(kSr) & kSequenceError);
}

TEST_F(FlashTest, MassEraseErasesAll) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  flash.Program(0, 0);
  flash.Program(type_.flash_bytes - 1, 0);
  Unlock(controller);
  controller.WriteRegister(kCr, 4 | kStart);
  EXPECT_EQ(flash.data()[0], 0xff);
  EXPECT_EQ(flash.data()[type_.flash_bytes - 1], 0xff);
}

TEST_F(FlashTest, OptionBytesNeedTheirOwnKeys) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  const uint32_t before = controller.ReadRegister(kOptcr);
  controller.WriteRegister(kOptcr, 0x0fff0000);
  EXPECT_EQ(controller.ReadRegister(kOptcr), before);
  controller.WriteRegister(kOptkeyr, 0x08192a3b);
  controller.WriteRegister(kOptkeyr, 0x4c5d6e7f);
  controller.WriteRegister(kOptcr, 0x0fff0000);
  EXPECT_EQ(controller.ReadRegister(kOptcr), 0x0fff0000u);
}

TEST_F(FlashTest, OrderedCorruptionHitsThatWordOnce) {
  FlashArray flash = Open();
  FlashController controller(type_, flash);
  controller.CorruptNextProgramming(0x12);
  Unlock(controller);
  controller.WriteRegister(kCr, kProgramWords);
  for (const uint32_t offset : {0x0cu, 0x10u, 0x14u}) controller.Store(offset, 4, 0xaaaaaaaa);
  EXPECT_EQ(flash.data()[0x0c], 0xaa);
  EXPECT_EQ(flash.data()[0x10], 0xab);
  EXPECT_EQ(flash.data()[0x14], 0xaa);
  controller.WriteRegister(kCr, 2 | kStart);
  controller.WriteRegister(kCr, kProgramWords);
  controller.Store(0x10, 4, 0xaaaaaaaa);
  EXPECT_EQ(flash.data()[0x10], 0xaa);
}

}  // namespace
}  // namespace boardloop::vboard
