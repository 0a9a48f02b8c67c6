#include "device-agent/virtual/plugin_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr char kPlugin[] = "libboardloop_cycles.so";

TEST(PluginPathTest, AnInstallationHasItInLibAndABareFolderBesideTheProgram) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.Path("bin"));
  std::filesystem::create_directories(folder.Path("lib/boardloop"));
  const std::string program = folder.Path("bin/boardloop-vboard");
  EXPECT_THAT(FindCyclePlugin(program), StatusIs(absl::StatusCode::kNotFound, HasSubstr(program)));
  const std::string beside = folder.Path(std::string("bin/") + kPlugin);
  ASSERT_THAT(WriteFileAtomically(beside, "plugin"), IsOk());
  EXPECT_EQ(FindCyclePlugin(program).value_or(""), beside);
  const std::string in_lib = folder.Path(std::string("lib/boardloop/") + kPlugin);
  ASSERT_THAT(WriteFileAtomically(in_lib, "plugin"), IsOk());
  EXPECT_EQ(FindCyclePlugin(program).value_or(""), in_lib);
}

}  // namespace
}  // namespace boardloop
