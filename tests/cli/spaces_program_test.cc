// `boardloop spaces` and `boardloop overview`.

#include <filesystem>
#include <fstream>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/run_program.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(SpacesTest, JsonHasAllSpacesOfTheGrid) {
  const ProgramRun run =
      RunBoardloop({"spaces", "--board", "stm32f746", "--samples", "20", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json spaces = run.Json()["spaces"];
  ASSERT_EQ(spaces.size(), 108u);
  std::set<int> ranks;
  for (const nlohmann::json& space : spaces) {
    for (const char* key : {"width_mult", "resolution", "sampled", "survivors", "survival_rate",
                            "mean_macs", "mean_macs_ci95", "rank"}) {
      EXPECT_TRUE(space.contains(key)) << key;
    }
    EXPECT_EQ(space["sampled"], 20);
    if (space["rank"] == 0) continue;
    EXPECT_TRUE(ranks.insert(space["rank"].get<int>()).second) << "twice rank " << space["rank"];
  }
  EXPECT_EQ(*ranks.begin(), 1);
  EXPECT_EQ(*ranks.rbegin(), static_cast<int>(ranks.size()));
}

TEST(SpacesTest, ResultDoesNotDependOnThreads) {
  const std::vector<std::string> args = {"spaces",    "--sram-limit", "256K",     "--flash-limit",
                                         "1M",        "--json",       "--seed",   "7",
                                         "--samples", "10",           "--threads"};
  const auto with = [&](const std::string& threads) {
    std::vector<std::string> all = args;
    all.push_back(threads);
    return RunBoardloop(all).out;
  };
  EXPECT_EQ(with("1"), with("3"));
}

TEST(SpacesTest, TableShowsTheBestAndSaysHowManyMore) {
  const ProgramRun run = RunBoardloop({"spaces", "--board", "stm32f746", "--samples", "10"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("98 more rows with --all"));
  EXPECT_THAT(RunBoardloop({"spaces", "--board", "stm32f746", "--samples", "2", "--all"}).out,
              HasSubstr("w1-r224"));
}

TEST(SpacesTest, WhenNothingFitsTheClosestMissIsNamed) {
  const std::vector<std::string> args = {"spaces", "--sram-limit", "1K", "--flash-limit",
                                         "1M",     "--samples",    "3"};
  const ProgramRun table = RunBoardloop(args);
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Nothing fits. Closest is mbv2-imagenet w"));

  std::vector<std::string> with_json = args;
  with_json.push_back("--json");
  const nlohmann::json json = RunBoardloop(with_json).Json();
  EXPECT_EQ(json["spaces"].size(), 108u);
  EXPECT_GT(json["closest_miss"]["sram_bytes"], 1024);
  EXPECT_EQ(json["closest_miss"]["subnet"]["space"], "mbv2-imagenet");

  std::vector<std::string> with_plot = args;
  with_plot.insert(with_plot.end(), {"--plot", "/nowhere/x.svg"});
  EXPECT_EQ(RunBoardloop(with_plot).exit_code, 1) << "nothing to plot";
}

TEST(SpacesTest, BadFlagsAreRefused) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"spaces"}, "--board"},
      {{"spaces", "--sram-limit", "256K"}, "--flash-limit"},
      {{"spaces", "--board", "stm32f746", "--sram-limit", "0"}, "--sram-limit"},
      {{"spaces", "--board", "stm32f746", "--flash-limit", "1TB"}, "--flash-limit"},
      {{"spaces", "--board", "stm32f746", "--samples", "0"}, "--samples"},
      {{"spaces", "--board", "stm32f746", "--samples", "100001"}, "--samples"},
      {{"spaces", "--board", "stm32f746", "--threads", "0"}, "--threads"},
      {{"spaces", "--board", "stm32f746", "--seed", "-1"}, "--seed"},
      {{"spaces", "--board", "stm32f746", "--classes", "0"}, "--classes"},
      {{"spaces", "--board", "stm32f746", "--input-channels", "65"}, "--input-channels"},
      {{"spaces", "--board", "stm32f746", "--min-survival", "101%"}, "survival"},
  };
  for (const auto& [args, detail] : cases) {
    EXPECT_TRUE(IsRefused(RunBoardloop(args), "INVALID_ARGUMENT", detail));
  }
  EXPECT_TRUE(IsRefused(RunBoardloop({"spaces", "--board", "esp32"}), "NOT_FOUND", "stm32f746"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"spaces", "--board", "stm32f746", "--preset", "x"}),
                        "NOT_FOUND", "mbv2-imagenet"));
}

TEST(OverviewTest, WritesAPageThatNeedsNothingElse) {
  if (RunBoardloopIn("command -v gnuplot", {}).exit_code != 0)
    GTEST_SKIP() << "gnuplot is not installed";
  TemporaryFolder folder;
  const std::string out = folder.path() + "/new/folder";
  const ProgramRun run =
      RunBoardloop({"overview", "--board", "stm32f746", "--samples", "30", "--out", out});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* file : {"parameters.svg", "peak-memory.svg", "spaces.svg", "layers.svg"}) {
    EXPECT_TRUE(std::filesystem::exists(out + "/" + file)) << file;
  }
  std::ifstream in(out + "/index.html");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(page, testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("stm32f746: 320 kB RAM"));
  EXPECT_THAT(page, HasSubstr("fp32 takes 4 bytes"));
  for (const char* outside : {"<script", "<link", "src=", "href=\"http", "url(http"}) {
    EXPECT_THAT(page, testing::Not(HasSubstr(outside)));
  }
}

TEST(OverviewTest, FolderThatCannotBeMadeIsAnError) {
  EXPECT_NE(RunBoardloop({"overview", "--out", "/dev/null/x"}).exit_code, 0);
  EXPECT_TRUE(IsRefused(RunBoardloop({"overview"}), "INVALID_ARGUMENT", "--out"));
}

}  // namespace
}  // namespace boardloop
