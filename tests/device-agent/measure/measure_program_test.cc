// `boardloop-agent` end to end on virtual boards: figures, outcomes, and what it leaves behind.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/data/samples.h"
#include "core/graph/model_proto.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "tests/device-agent/measure/agent_program.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kM4[] = "virtual-stm32f405";
constexpr char kM7[] = "virtual-stm32f746";

class MeasureProgramTest : public AgentProgramTest {};

// Whether the log has a line of progress for `step`, which has ended then.
bool HasLine(const std::string& log_path, const std::string& step) {
  absl::StatusOr<ProcessOutput> log = RunProcess({"cat", log_path}, "", {});
  return log.ok() && log->out.find(step) != std::string::npos;
}

TEST_F(MeasureProgramTest, ImageIsExactAndItsPartsAddUp) {
  const std::string model = SmallModel();
  for (const char* board : {kM4, kM7}) {
    const AgentRun run = Run({"measure", model, "--board", board, "--inputs", "3", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    const nlohmann::json json = run.Json();
    EXPECT_EQ(json["outcome"], "OK");
    EXPECT_EQ(json["timing"], "MODELLED");
    EXPECT_EQ(json["exact"], true);
    EXPECT_EQ(json["inputs"], 3);
    int64_t cycles = 0;
    for (const auto& op : json["per_op"]) cycles += op["cycles"].get<int64_t>();
    EXPECT_EQ(json["cycles"]["median"], cycles);
    EXPECT_EQ(json["cycles"]["min"], json["cycles"]["max"]);
    const auto& sram = json["sram"];
    EXPECT_EQ(sram["arena"].get<int64_t>() + sram["scratch"].get<int64_t>() +
                  sram["data"].get<int64_t>() + sram["stack"].get<int64_t>(),
              sram["total"]);
    EXPECT_GT(sram["stack"], 0);
    const auto& flash = json["flash"];
    EXPECT_EQ(flash["weights"].get<int64_t>() + flash["constants"].get<int64_t>() +
                  flash["code"].get<int64_t>(),
              flash["total"]);
    EXPECT_EQ(json["provenance"]["model_sha256"].get<std::string>().size(), 64u);
    EXPECT_THAT(json["provenance"]["probe"].get<std::string>(), StartsWith("OpenOCD 0.1"));
    EXPECT_THAT(run.err, HasSubstr("flash"));
  }
}

TEST_F(MeasureProgramTest, AnUnchangedImageIsNotFlashedAgainAndTakesTheSameCycles) {
  const std::string model = SmallModel();
  const AgentRun first = Run({"measure", model, "--board", kM4, "--json"});
  const AgentRun second = Run({"measure", model, "--board", kM4, "--json"});
  ASSERT_EQ(second.exit_code, 0) << second.out << second.err;
  EXPECT_EQ(first.Json()["cycles"], second.Json()["cycles"]);
  EXPECT_EQ(first.Json()["outputs_sha256"], second.Json()["outputs_sha256"]);
  EXPECT_EQ(second.Json()["provenance"]["sectors_erased"], "0");
}

TEST_F(MeasureProgramTest, ResidentTakesTheCyclesOfTheImage) {
  const std::string model = "../shared/data/models/mcunet-vww1.tflite";
  if (!fs::exists(model)) GTEST_SKIP() << model << " is not there";
  const AgentRun image = Run({"measure", model, "--board", kM4, "--json"});
  const AgentRun resident =
      Run({"measure", model, model, "--board", kM4, "--mode", "resident", "--json"});
  ASSERT_EQ(resident.exit_code, 0) << resident.out << resident.err;
  const nlohmann::json runs = resident.Json();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["cycles"], runs[1]["cycles"]);
  EXPECT_EQ(runs[0]["exact"], nullptr);
  const double whole = image.Json()["cycles"]["median"];
  EXPECT_NEAR(runs[0]["cycles"]["median"].get<double>(), whole, 0.003 * whole);
}

TEST_F(MeasureProgramTest, PyOcdMeasuresTheSame) {
  const std::string model = SmallModel();
  const AgentRun pyocd = Run({"measure", model, "--board", kM4, "--probe", "pyocd", "--json"});
  if (pyocd.out.find("install-pyocd.sh") != std::string::npos) {
    GTEST_SKIP() << "pyOCD is not installed: deploy/install-pyocd.sh does";
  }
  const AgentRun openocd = Run({"measure", model, "--board", kM4, "--json"});
  ASSERT_EQ(pyocd.exit_code, 0) << pyocd.out << pyocd.err;
  EXPECT_EQ(pyocd.Json()["cycles"], openocd.Json()["cycles"]);
  EXPECT_EQ(pyocd.Json()["outputs_sha256"], openocd.Json()["outputs_sha256"]);
}

TEST_F(MeasureProgramTest, WhatDoesNotFitIsInfeasibleByHowMuch) {
  const AgentRun run =
      Run({"measure", SmallModel(), "--board", kM4, "--sram-limit", "1K", "--json"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.Json()["outcome"], "INFEASIBLE");
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("the limit is 1024 B"));
}

TEST_F(MeasureProgramTest, AFileThatIsNoModelIsInvalid) {
  const AgentRun run = Run({"measure", Write("x.tflite", "hello"), "--board", kM4, "--json"});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_EQ(run.Json()["outcome"], "INVALID_MODEL");
}

TEST_F(MeasureProgramTest, ABlmIsMeasuredWithItsWeights) {
  const Model model = LoadTflite(SmallModel()).value();
  const std::string path = Write("small.blm", SerializeModel(model));
  const AgentRun run = Run({"measure", path, "--board", kM4, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Json()["weights"], "file");
  EXPECT_EQ(run.Json()["exact"], true);
  EXPECT_EQ(Run({"measure", Write("x.blm", "hello"), "--board", kM4, "--json"}).exit_code, 7);
}

TEST_F(MeasureProgramTest, LabelledSamplesAreCounted) {
  constexpr int64_t kInputBytes = 48 * 48 * 3;
  const std::string samples = Write(
      "two.bls", SerializeSamples({kInputBytes, {0, 1}, std::vector<int8_t>(2 * kInputBytes)}));
  // Of two equal inputs with different labels one is right at most.
  const AgentRun run = Run({"measure", SmallModel(), "--board", kM4, "--samples", samples});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, ::testing::ContainsRegex("top-1 +(0|50)\\.00 %: [01] of 2 samples"));
}

TEST_F(MeasureProgramTest, ANetworkWithoutAFileHasRandomWeightsAndIsExact) {
  const AgentRun run = Run({"measure", "mcunet_vww1", "--board", kM4, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Json()["weights"], "random");
  EXPECT_EQ(run.Json()["exact"], true);
  EXPECT_EQ(run.Json()["per_op"][0]["kernel"].get<std::string>().rfind("bl_", 0), 0u);
  const AgentRun file = Run({"measure", SmallModel(), "--board", kM4, "--json"});
  EXPECT_EQ(file.Json()["weights"], "file");
}

TEST_F(MeasureProgramTest, SeveralNetworksAreRowsAndTheFirstFailureIsTheExitCode) {
  const AgentRun run =
      Run({"measure", SmallModel(), "no_such_network", "resnet50", "--board", kM4});
  EXPECT_EQ(run.exit_code, 7);
  EXPECT_THAT(run.out, HasSubstr("small.tflite"));
  EXPECT_THAT(run.out, HasSubstr("no network \"no_such_network\""));
  EXPECT_THAT(run.out, HasSubstr("INFEASIBLE"));
  EXPECT_THAT(run.out, testing::Not(HasSubstr("step  layer")));
}

TEST_F(MeasureProgramTest, LayersAreShownOnRequest) {
  const std::string model = SmallModel();
  const AgentRun one = Run({"measure", model, "--board", kM4});
  EXPECT_THAT(one.out, HasSubstr("step  layer"));
  const AgentRun hidden = Run({"measure", model, "--board", kM4, "--layers", "off"});
  EXPECT_THAT(hidden.out, testing::Not(HasSubstr("step  layer")));
  const AgentRun both = Run({"measure", model, model, "--board", kM4, "--layers", "on"});
  EXPECT_THAT(both.out, HasSubstr("step  layer"));
}

TEST_F(MeasureProgramTest, AModelLargerThanTheFlashIsInfeasibleByHowMuch) {
  const AgentRun run = Run({"measure", "mobilenet_v2:res=96", "--board", kM4, "--json"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.Json()["message"].get<std::string>(), StartsWith("flash: "));
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("B too many"));
}

TEST_F(MeasureProgramTest, ABenchThatNamesASerialTwiceIsWrongUsage) {
  const std::string bench =
      Write("bench.yaml",
            "boards:\n"
            "  - {name: a, type: stm32f412, probe: openocd, serial: \"1\"}\n"
            "  - {name: b, type: stm32f412, probe: openocd, serial: \"1\"}\n");
  const AgentRun run = Run({"measure", SmallModel(), "--bench", bench, "--board", "a"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("bench.yaml:3: boards[1] has the probe serial \"1\""));
}

TEST_F(MeasureProgramTest, ARealBoardWithoutABenchIsWrongUsage) {
  const AgentRun run = Run({"measure", SmallModel(), "--board", "stm32f405"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("--bench"));
}

TEST_F(MeasureProgramTest, AnAdaptersConfigurationThatIsNotThereIsTheSetUps) {
  const std::string bench =
      Write("bench.yaml",
            "boards:\n  - {name: a, type: stm32f412, probe: openocd, serial: \"1\", "
            "interface: no-such.cfg}\n");
  const AgentRun run = Run({"measure", SmallModel(), "--bench", bench, "--board", "a", "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.out;
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("bench file"));
}

TEST_F(MeasureProgramTest, AStateFolderThatCannotBeMadeIsTheAgentsFailure) {
  Write("state", "a file");
  const AgentRun run = Run({"measure", SmallModel(), "--board", kM4, "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("state folder"));
}

TEST_F(MeasureProgramTest, AVirtualBoardThatDoesNotStartIsTheAgentsFailure) {
  const AgentRun run =
      Run({"measure", SmallModel(), "--board", kM4, "--json"}, {"BOARDLOOP_VBOARD=/bin/false"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("exit code 1"));
}

// As on a full disk: no file may grow beyond the limit.
TEST_F(MeasureProgramTest, FilesThatCannotGrowAreTheAgentsFailure) {
  const std::string model = SmallModel();
  for (const char* blocks : {"1", "64", "400"}) {
    std::vector<std::string> argv = CommandLine({"measure", model, "--board", kM4, "--json"});
    argv.back() = folder() + "/cache";  // An empty one.
    argv.insert(argv.begin(), {"sh", "-c", "ulimit -f \"$0\"; exec \"$@\"", blocks});
    absl::StatusOr<ProcessOutput> run = RunProcess(argv, "", {.deadline = absl::Minutes(2)});
    ASSERT_THAT(run, IsOk());
    EXPECT_EQ(run->exit_code, 1) << run->out << run->err;
    EXPECT_THAT(run->out, HasSubstr("AGENT_FAILED"));
    EXPECT_THAT(Leftovers(), IsEmpty());
  }
}

TEST_F(MeasureProgramTest, NoCompilerIsTheAgentsFailure) {
  const AgentRun run = Run({"measure", SmallModel(), "--board", kM4, "--json"},
                           {"BOARDLOOP_TOOLCHAIN=/no/such/arm-none-eabi-"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.Json()["outcome"], "AGENT_FAILED");
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("install"));
}

TEST_F(MeasureProgramTest, NoOpenOcdIsTheAgentsFailure) {
  const fs::path bin = folder() + "/bin";
  fs::create_directories(bin);
  for (const char* tool : {"qemu-system-arm", "arm-none-eabi-gcc", "arm-none-eabi-ld"}) {
    if (fs::exists(fs::path("/usr/bin") / tool)) {
      fs::create_symlink(fs::path("/usr/bin") / tool, bin / tool);
    }
  }
  const AgentRun run = Run({"measure", SmallModel(), "--board", kM4, "--json"},
                           {"BOARDLOOP_TOOLCHAIN=/usr/bin/arm-none-eabi-", "PATH=" + bin.string()});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("openocd is not installed"));
}

TEST_F(MeasureProgramTest, AWedgedBoardIsRefusedUntilItPassesTheCheck) {
  const std::string bench =
      Write("bench.yaml", "boards:\n  - {name: v1, type: virtual-stm32f405, probe: openocd}\n");
  fs::create_directories(folder() + "/state/v1");
  Write("state/v1/board.json", R"({"version": 1, "wedged": "hung", "hangs_in_a_row": 3})");
  const std::vector<std::string> measure = {"measure", SmallModel(), "--bench", bench,
                                            "--board", "v1",         "--json"};
  const AgentRun refused = Run(measure);
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_THAT(refused.Json()["message"].get<std::string>(), HasSubstr("--clear"));
  const AgentRun check = Run({"check", "--bench", bench, "--board", "v1", "--clear"});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_EQ(Run(measure).exit_code, 0);
}

// A process of openocd that has our state folder's log open.
pid_t OpenOcdOf(const std::string& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string program = fs::read_symlink(entry.path() / "exe", error).filename().string();
    const std::string log = fs::read_symlink(entry.path() / "fd/2", error).string();
    if (program == "openocd" && log.find(folder) == 0) return atoi(entry.path().filename().c_str());
  }
  return 0;
}

TEST_F(MeasureProgramTest, AProbeThatHangsThreeTimesInARowWedgesItsBoard) {
  const std::string bench =
      Write("bench.yaml", "boards:\n  - {name: v1, type: virtual-stm32f405, probe: openocd}\n");
  const std::vector<std::string> on = {"--bench", bench, "--board", "v1"};
  std::vector<std::string> args = {"measure", SmallModel(), "--inputs", "4096"};
  args.insert(args.end(), on.begin(), on.end());
  for (int hang = 1; hang <= 3; ++hang) {
    ChildProcess::Options options;
    options.log_path = folder() + "/progress";
    fs::remove(options.log_path);
    absl::StatusOr<ChildProcess> agent = ChildProcess::Start(CommandLine(args), options);
    ASSERT_THAT(agent, IsOk());
    while (!HasLine(options.log_path, "flash") && agent->Running()) {
    }
    const pid_t openocd = OpenOcdOf(folder());
    ASSERT_GT(openocd, 0);
    kill(openocd, SIGSTOP);
    while (agent->Running()) usleep(1000);
    EXPECT_EQ(agent->exit_code(), 6) << hang;
    EXPECT_THAT(Leftovers(), IsEmpty());
  }
  args[3] = "1";
  EXPECT_EQ(Run(args).exit_code, 5);
  std::vector<std::string> check = {"check", "--clear"};
  check.insert(check.end(), on.begin(), on.end());
  EXPECT_EQ(Run(check).exit_code, 0);
  EXPECT_EQ(Run(args).exit_code, 0);
}

TEST_F(MeasureProgramTest, ABoardThatAnotherProcessHasIsNotTaken) {
  const std::string bench =
      Write("bench.yaml", "boards:\n  - {name: v1, type: virtual-stm32f405, probe: openocd}\n");
  const std::string model = SmallModel();
  const auto measure = [&](const char* inputs) {
    return std::vector<std::string>{"measure", model,    "--bench",  bench, "--board",
                                    "v1",      "--json", "--inputs", inputs};
  };
  absl::StatusOr<ChildProcess> holder = ChildProcess::Start(CommandLine(measure("4096")), {});
  ASSERT_THAT(holder, IsOk());
  while (OpenOcdOf(folder()) == 0 && holder->Running()) {
  }
  ASSERT_TRUE(holder->Running());
  const AgentRun run = Run(measure("1"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.Json()["message"].get<std::string>(),
              HasSubstr("in use by process " + std::to_string(holder->pid())));
}

TEST_F(MeasureProgramTest, AnotherBoardThanTheBenchSaysIsRefused) {
  const std::string bench = Write("bench.yaml",
                                  "boards:\n"
                                  "  - name: v1\n"
                                  "    type: virtual-stm32f405\n"
                                  "    probe: openocd\n"
                                  "    unique_id: \"000000000000000000000001\"\n");
  const AgentRun run = Run({"measure", SmallModel(), "--bench", bench, "--board", "v1", "--json"});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.Json()["message"].get<std::string>(), HasSubstr("another board is connected"));
}

TEST_F(MeasureProgramTest, TwoAtOnceGetABoardEach) {
  const std::string model = SmallModel();
  const std::vector<std::string> argv = CommandLine({"measure", model, "--board", kM4, "--json"});
  ChildProcess::Options options;
  options.log_path = folder() + "/other.json";
  absl::StatusOr<ChildProcess> other = ChildProcess::Start(argv, options);
  ASSERT_THAT(other, IsOk());
  const AgentRun run = Run({"measure", model, "--board", kM4, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  while (other->Running()) usleep(1000);
  EXPECT_EQ(other->exit_code(), 0);
}

TEST_F(MeasureProgramTest, TwoAtOnceFillOneCache) {
  std::vector<std::string> argv = CommandLine({"measure", SmallModel(), "--board", kM4, "--json"});
  argv.back() = folder() + "/cache";  // An empty one.
  ChildProcess::Options options;
  options.log_path = folder() + "/other.json";
  absl::StatusOr<ChildProcess> other = ChildProcess::Start(argv, options);
  ASSERT_THAT(other, IsOk());
  for (const char* from_cache :
       {"", "yes"}) {  // The first run may be earlier than the other one, or later.
    absl::StatusOr<ProcessOutput> run = RunProcess(argv, "", {.deadline = absl::Minutes(5)});
    ASSERT_THAT(run, IsOk());
    EXPECT_EQ(run->exit_code, 0) << run->out << run->err;
    const nlohmann::json json = nlohmann::json::parse(run->out, nullptr, false);
    EXPECT_THAT(json["provenance"].value("image_from_cache", ""), HasSubstr(from_cache));
    while (other->Running()) usleep(1000);
    EXPECT_EQ(other->exit_code(), 0);
  }
}

TEST_F(MeasureProgramTest, KilledAtAnyPointItLeavesNothingBehind) {
  const std::string model = SmallModel();
  const std::vector<std::string> argv = CommandLine({"measure", model, "--board", kM4});
  // By the line of progress after which it is killed.
  for (const char* step : {"generate", "build", "connect", "flash"}) {
    for (const int signal_number : {SIGKILL, SIGTERM, SIGINT}) {
      ChildProcess::Options options;
      options.log_path = folder() + "/progress";
      fs::remove(options.log_path);
      absl::StatusOr<ChildProcess> agent = ChildProcess::Start(argv, options);
      ASSERT_THAT(agent, IsOk());
      while (!HasLine(options.log_path, step) && agent->Running()) {
      }
      if (agent->pid() > 0) kill(agent->pid(), signal_number);
      while (agent->Running()) usleep(1000);
      while (!Leftovers().empty()) usleep(1000);  // The suite's time limit ends a failure.
    }
  }
  const AgentRun run = Run({"measure", model, "--board", kM4});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(Leftovers(), IsEmpty());
}

struct Fault {
  const char* spec;
  std::vector<int> exit_codes;
};

class FaultTest : public AgentProgramTest, public testing::WithParamInterface<Fault> {};

TEST_P(FaultTest, HasItsOutcomeAndTheNextMeasurementSucceeds) {
  const std::string model = SmallModel();
  const AgentRun run = Run({"measure", model, "--board", kM4, "--run-timeout", "3", "--json",
                            "--fault", GetParam().spec});
  EXPECT_THAT(GetParam().exit_codes, testing::Contains(run.exit_code)) << run.out << run.err;
  EXPECT_THAT(Leftovers(), IsEmpty());
  const AgentRun next = Run({"measure", model, "--board", kM4, "--json"});
  EXPECT_EQ(next.exit_code, 0) << next.out << next.err;
}

constexpr int kOk = 0, kCandidate = 4, kProbe = 6;

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultTest,
    testing::Values(Fault{"drop-link@100", {kProbe}}, Fault{"drop-link@1500", {kProbe}},
                    Fault{"drop-link@3000", {kProbe}}, Fault{"vanish@100", {kProbe}},
                    Fault{"vanish@1500", {kProbe}}, Fault{"vanish@3000", {kProbe}},
                    Fault{"corrupt-flash@0", {kOk}}, Fault{"corrupt-flash@1000", {kOk}},
                    Fault{"corrupt-flash@40000", {kOk}}, Fault{"hang-core@1", {kCandidate}},
                    Fault{"hang-core@10", {kCandidate}}, Fault{"hang-core@50", {kCandidate}},
                    Fault{"double-fault@1", {kCandidate}}, Fault{"double-fault@10", {kCandidate}},
                    Fault{"double-fault@50", {kCandidate}}, Fault{"slow-link:1000", {kOk}}),
    [](const testing::TestParamInfo<Fault>& fault) {
      std::string name = fault.param.spec;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

}  // namespace
}  // namespace boardloop
