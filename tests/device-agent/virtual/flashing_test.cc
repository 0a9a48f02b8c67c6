// The flash path: each front-end, driven by the distribution's OpenOCD with its own target files.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/device-agent/virtual/integration_fixture.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;

class FlashingTest : public BoardTest {
 protected:
  // Random bytes: no loader gets away with skipping what is erased.
  std::string MakePayload(int kib) {
    std::string path = dir_.path() + "/payload.bin";
    std::ofstream file(path, std::ios::binary);
    std::mt19937 random(7);
    for (int i = 0; i < kib * 256; ++i) {
      const uint32_t word = random();
      file.write(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return path;
  }

  void ProgramAndRun(const std::vector<std::string>& connection) {
    const OpenOcdResult result =
        RunOpenOcd(connection, {"init", absl::StrCat("program ", Path("kernel"), " verify reset"),
                                WaitForWord("0x20000004", "$value > 1"),
                                EchoWords("mailbox", "0x20000000", 1)});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.output, HasSubstr("** Verified OK **"));
    EXPECT_EQ(result.Value("mailbox"), absl::StrCat(0x4b45524e));
  }
};

TEST_P(FlashingTest, StlinkProgramsVerifiesAndRuns) {
  Start();
  ProgramAndRun(OverStlink(*board_, GetParam()));
}

TEST_P(FlashingTest, BoardFileOfOpenOcdProgramsVerifiesAndRuns) {
  Start();
  ProgramAndRun(OverBoardFile(*board_, GetParam()));
}

TEST_P(FlashingTest, RemoteBitbangOverUnixSocketProgramsVerifiesAndRuns) {
  Start({"--rbb", "unix:" + dir_.path() + "/rbb"});
  ProgramAndRun(OverRemoteBitbang(*board_, GetParam()));
}

TEST_P(FlashingTest, RemoteBitbangOverTcpProgramsVerifiesAndRuns) {
  Start({"--rbb", "0"});
  ProgramAndRun(OverRemoteBitbang(*board_, GetParam()));
}

TEST_P(FlashingTest, FlashIsKeptOverRestartsAndKills) {
  Start();
  const std::string payload = MakePayload(100);
  const std::string image = absl::StrCat(payload, " ", GetParam().flash_address, " bin");
  OpenOcdResult result =
      Debug({"init", "reset halt", "flash write_image erase " + image, "verify_image " + image});
  EXPECT_THAT(result.output, HasSubstr("verified 102400 bytes"));

  board_->Signal(SIGKILL);
  board_->Wait();
  EXPECT_EQ(std::filesystem::file_size(dir_.path() + "/flash.bin"), 1024 * 1024);
  Start();
  result = Debug({"init", "reset halt", "verify_image " + image});
  EXPECT_THAT(result.output, HasSubstr("verified 102400 bytes"));
}

TEST_P(FlashingTest, WholeFlashIsProgrammed) {
  Start();
  const std::string image = absl::StrCat(MakePayload(1024), " ", GetParam().flash_address, " bin");
  const OpenOcdResult result =
      Debug({"init", "reset halt", "flash write_image erase " + image, "verify_image " + image});
  EXPECT_THAT(result.output, HasSubstr("verified 1048576 bytes"));
}

TEST_P(FlashingTest, FlashIsProgrammedAtTheAddressOfTheBusAndReadThroughTheAlias) {
  Start();
  const std::string image = absl::StrCat(MakePayload(16), " 0x08000000 bin");
  const OpenOcdResult result =
      Debug({"init", "reset halt", "flash write_image erase " + image, "verify_image " + image,
             absl::StrCat("echo same=[expr {[read_memory 0x08000100 32 4] eq [read_memory ",
                          GetParam().core_alias, "100 32 4]}]")});
  EXPECT_THAT(result.output, HasSubstr("verified 16384 bytes"));
  EXPECT_EQ(result.Value("same"), "1");
}

INSTANTIATE_TEST_SUITE_P(Boards, FlashingTest, testing::ValuesIn(TestBoards()), BoardName);

}  // namespace
}  // namespace boardloop::vboard
