// `boardloop analyze` with good and bad input.

#include <filesystem>
#include <fstream>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/run_program.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::set<std::string> Keys(const nlohmann::json& object) {
  std::set<std::string> keys;
  for (const auto& item : object.items()) keys.insert(item.key());
  return keys;
}

TEST(AnalyzeTest, JsonHasTheDocumentedKeys) {
  const ProgramRun run = RunBoardloop({"analyze", "mcunet_vww1", "resnet18:res=64", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json array = run.Json();
  ASSERT_EQ(array.size(), 2u);
  for (const nlohmann::json& net : array) {
    EXPECT_THAT(Keys(net),
                testing::IsSupersetOf({"name", "macs", "params", "weight_bytes", "flash_bytes",
                                       "arena_bytes", "scratch_bytes", "peak_sram_bytes", "input",
                                       "lower_bound_bytes", "patch", "rules", "steps"}));
    EXPECT_EQ(Keys(net["patch"]), (std::set<std::string>{"grid", "blocks", "macs"}));
    EXPECT_EQ(Keys(net["rules"]), (std::set<std::string>{"A", "B", "C", "D", "E"}));
    for (const char* key : {"macs", "params", "weight_bytes", "peak_sram_bytes"}) {
      EXPECT_TRUE(net[key].is_number_integer()) << key;
    }
    EXPECT_EQ(net["peak_sram_bytes"],
              net["arena_bytes"].get<int64_t>() + net["scratch_bytes"].get<int64_t>());
    EXPECT_FALSE(net.contains("meets_sram_limit")) << "no limit was given";
  }
  EXPECT_EQ(array[0]["name"], "mcunet_vww1");
  EXPECT_EQ(array[0]["macs"], 11578816);
  EXPECT_EQ(array[0]["input"], "resident");
}

TEST(AnalyzeTest, SubnetFileWithExpandRatio5IsTaken) {
  TemporaryFolder folder;
  const ProgramRun run =
      RunBoardloop({"analyze", folder.Write("vww1.json", kVww1), "--json", "--patch", "off"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()[0]["macs"], 11578816);
  EXPECT_EQ(run.Json()[0]["patch"]["grid"], 1);
  EXPECT_EQ(run.Json()[0]["patch"]["macs"], 11578816);
}

TEST(AnalyzeTest, PatchesTakeLessSramForMoreMacs) {
  const nlohmann::json off =
      RunBoardloop({"analyze", "mcunet_in3", "--patch", "off", "--json"}).Json();
  const nlohmann::json patched = RunBoardloop({"analyze", "mcunet_in3", "--json"}).Json();
  EXPECT_LT(patched[0]["peak_sram_bytes"], off[0]["peak_sram_bytes"]);
  EXPECT_EQ(patched[0]["layer_by_layer_peak_sram_bytes"], off[0]["peak_sram_bytes"]);
  EXPECT_GT(patched[0]["patch"]["macs"], off[0]["macs"]);
}

TEST(AnalyzeTest, LimitIsReportedInTableAndJson) {
  const ProgramRun table = RunBoardloop({"analyze", "resnet50", "--sram-limit", "64K"});
  EXPECT_EQ(table.exit_code, 0) << "a network that does not fit is a result";
  EXPECT_THAT(table.out, HasSubstr("kB over"));
  const ProgramRun json = RunBoardloop({"analyze", "resnet50", "--sram-limit", "64K", "--json"});
  EXPECT_EQ(json.Json()[0]["sram_limit_bytes"], 65536);
  EXPECT_EQ(json.Json()[0]["meets_sram_limit"], false);
}

TEST(AnalyzeTest, CheckMakesAMissedLimitAnExitCode) {
  EXPECT_EQ(RunBoardloop({"analyze", "resnet50", "--sram-limit", "64K", "--check"}).exit_code, 3);
  EXPECT_EQ(RunBoardloop({"analyze", "mcunet_vww1", "--board", "stm32f746", "--check"}).exit_code,
            0);
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "mcunet_vww1", "--check"}), "INVALID_ARGUMENT",
                        "--check needs"));
}

TEST(AnalyzeTest, BoardGivesBothLimits) {
  const ProgramRun run = RunBoardloop({"analyze", "resnet18", "--board", "stm32f746", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_LT(run.Json()[0]["sram_limit_bytes"], 320 * 1024);
  EXPECT_EQ(run.Json()[0]["meets_flash_limit"], false) << "11 MB of weights";
}

TEST(AnalyzeTest, LayersPrintsEachStep) {
  EXPECT_THAT(RunBoardloop({"analyze", "mcunet_vww1", "--layers"}).out, HasSubstr("classifier"));
  EXPECT_THAT(RunBoardloop({"analyze", "mcunet_vww1"}).out, Not(HasSubstr("classifier")));
}

TEST(AnalyzeTest, BadSizesAreRefused) {
  for (const char* size : {"0", "1TB", "-5", "-320K", "12Q", "", "1e99", "0x10"}) {
    EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--sram-limit", size}),
                          "INVALID_ARGUMENT", "--sram-limit"))
        << size;
  }
  for (const char* share : {"-1%", "many", "1e9"}) {
    EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--patch-max-macs", share}),
                          "INVALID_ARGUMENT", "--patch-max-macs"))
        << share;
  }
}

TEST(AnalyzeTest, BadChoicesAreRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--input", "both"}),
                        "INVALID_ARGUMENT", "resident|streamed"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--patch", "on"}), "INVALID_ARGUMENT",
                        "auto|off"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--board", "stm32x"}), "NOT_FOUND",
                        "stm32f746"));
}

TEST(AnalyzeTest, BadNetworksAreRefused) {
  TemporaryFolder folder;
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet51"}), "NOT_FOUND", "mcunet_in3"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"analyze", "mobilenet_v2:width=0"}), "INVALID_ARGUMENT", "width"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"analyze", "mobilenet_v2:depth=3"}), "INVALID_ARGUMENT", "depth"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", ""}), "NOT_FOUND", ""));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", folder.path()}), "INVALID_ARGUMENT", "directory"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"analyze", folder.path() + "/no.json"}), "NOT_FOUND", "no.json"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"analyze", folder.path() + "/no.tflite"}), "NOT_FOUND", "no.tflite"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", folder.Write("net.onnx", "x")}),
                        "INVALID_ARGUMENT", "net.onnx"));
  EXPECT_TRUE(
      IsRefused(RunBoardloop({"analyze", "mbv2-imagenet w0.5 | what"}), "INVALID_ARGUMENT", ""));
}

TEST(AnalyzeTest, BrokenFilesAreRefusedByName) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/folder.json");
  const std::string unknown = R"({"spaec": "x", )" + std::string(kVww1).substr(1);
  const std::pair<std::string, std::string> files[] = {
      {"empty.tflite", ""},      {"junk.tflite", std::string(1000, '\xff')},
      {"empty.json", ""},        {"cut.json", std::string(kVww1).substr(0, 200)},
      {"list.json", "[]"},       {"deep.json", std::string(100000, '[')},
      {"unknown.json", unknown},
  };
  for (const auto& [name, content] : files) {
    EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", folder.Write(name, content)}),
                          "INVALID_ARGUMENT", name));
  }
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", folder.path() + "/folder.json"}),
                        "INVALID_ARGUMENT", "folder.json"));
}

TEST(AnalyzeTest, UnreadableFileIsRefused) {
  TemporaryFolder folder;
  const std::string file = folder.Write("secret.json", kVww1);
  std::filesystem::permissions(file, std::filesystem::perms::none);
  if (std::ifstream(file).good()) GTEST_SKIP() << "this user may read everything";
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", file}), "PERMISSION_DENIED", "secret.json"));
}

TEST(AnalyzeTest, TruncatedTfliteIsRefused) {
  const std::string model = "../shared/data/models/mlperf-kws-dscnn.tflite";
  std::ifstream in(model, std::ios::binary);
  if (!in.good()) GTEST_SKIP() << model << " is not here";
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(RunBoardloop({"analyze", model}).exit_code, 0);
  TemporaryFolder folder;
  for (const size_t size : {size_t{4}, size_t{100}, bytes.size() / 2, bytes.size() - 100}) {
    EXPECT_TRUE(
        IsRefused(RunBoardloop({"analyze", folder.Write("cut.tflite", bytes.substr(0, size))}),
                  "INVALID_ARGUMENT", "cut.tflite"))
        << size;
  }
}

TEST(AnalyzeTest, FileNameThatIsNotUtf8GivesValidJson) {
  TemporaryFolder folder;
  const ProgramRun run = RunBoardloop({"analyze", folder.Write("\xff.json", kVww1), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()[0]["macs"], 11578816);
}

TEST(AnalyzeTest, SpaceFileGivesTheSpaceOfSubnets) {
  TemporaryFolder folder;
  const std::string net = folder.Write("net.json", kVww1);
  EXPECT_EQ(RunBoardloop({"analyze", net, "--space", "mbv2-imagenet"}).exit_code, 0);
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", net, "--space", "mbv2-small-image"}),
                        "INVALID_ARGUMENT", "mbv2-small-image"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", net, "--space", folder.path() + "/no.json"}),
                        "NOT_FOUND", "no.json"));
}

TEST(AnalyzeTest, PlotIsWritten) {
  if (RunBoardloopIn("command -v gnuplot", {}).exit_code != 0)
    GTEST_SKIP() << "gnuplot is not installed";
  TemporaryFolder folder;
  const std::string plot = folder.path() + "/sram.svg";
  const ProgramRun run =
      RunBoardloop({"analyze", "mcunet_in3", "--sram-limit", "200K", "--plot", plot});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::ifstream in(plot);
  EXPECT_THAT(std::string((std::istreambuf_iterator<char>(in)), {}), HasSubstr("limit 200 kB"));
}

TEST(AnalyzeTest, PlotThatCannotBeMadeIsRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "resnet50", "--plot", "x.svg"}),
                        "INVALID_ARGUMENT", "one network"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "resnet18", "--plot", "/dev/null"}),
                        "INVALID_ARGUMENT", ".svg"));
}

TEST(AnalyzeTest, MissingGnuplotNamesThePackage) {
  TemporaryFolder folder;
  const ProgramRun run =
      RunBoardloopIn("PATH=/nowhere exec \"$0\" \"$@\"",
                     {"analyze", "mcunet_vww1", "--plot", folder.path() + "/x.svg"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("gnuplot-nox"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/x.svg"));
}

TEST(AnalyzeTest, ASpaceWithoutASubnetIsRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"analyze", "mcunet_in3", "--space", "mbv2-small-image"}),
                        "INVALID_ARGUMENT", "--space is for subnets"));
}

TEST(AnalyzeTest, ABoardWithSeveralMemoriesHasTheirSizesInTheJson) {
  const ProgramRun run = RunBoardloop(
      {"analyze", "mobilenet_v2:res=160", "--patch", "off", "--board", "stm32h743", "--json"});
  EXPECT_EQ(run.Json()[0]["region_limit_bytes"][0], 512 * 1024);
  EXPECT_EQ(run.Json()[0]["region_limit_bytes"].size(), 4u);
}

}  // namespace
}  // namespace boardloop
