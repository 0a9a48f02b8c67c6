#include "device-agent/virtual/options.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;

absl::StatusOr<ProgramOptions> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "boardloop-vboard");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, FrontEndsAreOffUnlessAskedFor) {
  const absl::StatusOr<ProgramOptions> options =
      Parse({"--type", "virtual-stm32f746", "--state", "/tmp/x"});
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->type.name, "virtual-stm32f746");
  EXPECT_FALSE(options->stlink || options->remote_bitbang || options->pyocd);
  EXPECT_EQ(options->cycle_model.core, 7u);
  EXPECT_EQ(options->cycle_model.refill, 2u);
  EXPECT_EQ(options->cycle_model.udiv, 7u);
}

TEST(OptionsTest, EverythingIsRead) {
  const absl::StatusOr<ProgramOptions> options = Parse({"--type",   "virtual-stm32f405",
                                                        "--state",  "/tmp/x",
                                                        "--stlink", "7184",
                                                        "--rbb",    "unix:/tmp/rbb",
                                                        "--pyocd",  "0",
                                                        "--fault",  "drop-link@1",
                                                        "--fault",  "slow-link:5",
                                                        "--refill", "3",
                                                        "--udiv",   "12",
                                                        "--uid",    "000000000000000000000001",
                                                        "--verbose"});
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->stlink->port, 7184);
  EXPECT_EQ(options->remote_bitbang->path, "/tmp/rbb");
  EXPECT_EQ(options->pyocd->port, 0);
  EXPECT_EQ(options->faults.size(), 2u);
  EXPECT_EQ(options->cycle_model.refill, 3u);
  EXPECT_EQ((*options->uid)[11], 1);
  EXPECT_TRUE(options->verbose);
}

// Programs copy these options: what nobody asked for must have a value too.
TEST(OptionsTest, HelpLeavesABoardOfNoType) {
  testing::internal::CaptureStdout();
  const absl::StatusOr<ProgramOptions> options = Parse({"--help"});
  testing::internal::GetCapturedStdout();
  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(options->help);
  EXPECT_EQ(options->type.flash_bytes, 0u);
  EXPECT_FALSE(options->type.peripherals_in_qemu);
}

TEST(OptionsTest, MistakesAreNamed) {
  const std::vector<std::string> good = {"--type", "virtual-stm32f405", "--state", "/tmp/x"};
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"--stlink", "70000"}, "--stlink \"70000\" must be a number from 0 to 65535"},
      {{"--stlink", "010x"}, "must be a number"},
      {{"--rbb", "unix:"}, "must be followed by a path"},
      {{"--uid", "123"}, "24 hexadecimal digits"},
      {{"--fault", "boom"}, "must be drop-link@BYTES"},
      {{"--udiv", "0"}, "--udiv \"0\" must be a number from 1 to 40"},
      {{"--speed", "1"}, "--speed"}};
  for (const auto& [words, message] : mistakes) {
    std::vector<std::string> all = good;
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_THAT(Parse(all), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
  EXPECT_THAT(Parse({"--type", "pdp-11", "--state", "/tmp/x"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("there are virtual-stm32f405, virtual-stm32f746")));
}

}  // namespace
}  // namespace boardloop::vboard
