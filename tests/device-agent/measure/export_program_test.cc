// `boardloop-agent export`, as a user calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/numbers.h"
#include "core/base/process.h"
#include "nlohmann/json.hpp"
#include "tests/device-agent/measure/agent_program.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ExportProgramTest : public AgentProgramTest {
 protected:
  ProcessOutput Export(std::vector<std::string> args) {
    args.insert(args.begin(), {BOARDLOOP_AGENT, "export"});
    absl::StatusOr<ProcessOutput> run = RunProcess(args, "", {});
    EXPECT_THAT(run, IsOk());
    return run.value_or(ProcessOutput{-1, "", ""});
  }
  std::string Library() const { return folder() + "/library"; }
};

TEST_F(ExportProgramTest, TheLibraryBuildsWithTheHostsCompilerAndRuns) {
  const ProcessOutput run = Export({SmallModel(), "--out", Library(), "--kernels", "portable"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  ProcessOptions in_library;
  in_library.working_folder = Library();
  absl::StatusOr<ProcessOutput> example =
      RunProcess({"sh", "-c", "cc -O1 *.c *.S -o example && ./example"}, "", {}, in_library);
  ASSERT_THAT(example, IsOk());
  EXPECT_EQ(example->exit_code, 0) << example->err;
  EXPECT_EQ(std::count(example->out.begin(), example->out.end(), '\n'), 1000);  // Its classes.
}

TEST_F(ExportProgramTest, FiguresAreThoseOfThePlan) {
  const ProcessOutput run = Export({SmallModel(), "--out", Library(), "--prefix", "net", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json figures = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_GT(figures.value("arena_bytes", 0), 0);
  EXPECT_GT(figures.value("weight_bytes", 0), 0);
  EXPECT_TRUE(fs::exists(Library() + "/net.h"));
  // What README.md in the folder says is the same.
  const int64_t flash = figures.value("weight_bytes", 0) + figures.value("constant_bytes", 0);
  const absl::StatusOr<std::string> readme = ReadFile(Library() + "/README.md", 1 << 20);
  ASSERT_THAT(readme, IsOk());
  EXPECT_THAT(*readme, HasSubstr("| flash | " + FormatInteger(flash) + " B of weights"));
}

TEST_F(ExportProgramTest, PatchesAreForThoseWhoSayHowLittleSramThereIs) {
  const std::string network = "mobilenet_v2:res=96";
  const ProcessOutput free = Export({network, "--out", Library()});
  EXPECT_THAT(free.out, HasSubstr(": layer by layer, arena 221,684 B"));
  const ProcessOutput tight =
      Export({network, "--out", Library() + "-tight", "--sram-limit", "100K"});
  EXPECT_THAT(tight.out, HasSubstr("blocks, arena ")) << tight.err;
}

TEST_F(ExportProgramTest, AFolderInUseIsLeftAlone) {
  fs::create_directories(Library());
  Write("library/mine.c", "int x;\n");
  const ProcessOutput run = Export({SmallModel(), "--out", Library()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("is not empty"));
  EXPECT_FALSE(fs::exists(Library() + "/bl_model.h"));
}

TEST_F(ExportProgramTest, ALimitThatNoPlanMeetsIsInfeasible) {
  const ProcessOutput run = Export({SmallModel(), "--out", Library(), "--sram-limit", "1K"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("INFEASIBLE"));
  EXPECT_FALSE(fs::exists(Library()));
}

TEST_F(ExportProgramTest, WhatIsNoModelIsRefused) {
  const ProcessOutput run = Export({Write("net.tflite", "not a model"), "--out", Library()});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_THAT(run.err, HasSubstr("INVALID_MODEL"));
}

}  // namespace
}  // namespace boardloop
