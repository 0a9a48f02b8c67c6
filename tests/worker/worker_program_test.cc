// boardloop-worker as a user runs it, on a small data set of its own.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/base/random.h"
#include "core/data/checkpoint_header.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr char kSpace[] = R"({
  "name": "small", "stem_width": 8, "stem_kernel_size": 3, "stem_stride": 1,
  "first_block_width": 8, "first_block_kernel_size": 3,
  "stages": [{"width": 8, "stride": 2, "depths": [1, 2], "kernel_sizes": [3, 5],
              "expand_ratios": [2, 3]}],
  "width_divisor": 8, "width_mults": [1.0], "resolutions": [12], "classes": 4, "input_channels": 1
})";

struct WorkerRun {
  int exit_code = -1;
  std::string out, err;
  nlohmann::json Json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class WorkerProgramTest : public testing::Test {
 protected:
  WorkerProgramTest() : folder_(NewFolder()) {
    signal(SIGPIPE, SIG_IGN);
    WriteIn(folder_, "space.json", kSpace);
    WritePart("train", 480, 1);
    WritePart("t10k", 100, 2);
  }
  ~WorkerProgramTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string At(const std::string& name) const { return folder_ + "/" + name; }

  static std::vector<std::string> CommandLine(std::vector<std::string> args) {
    args.insert(args.begin(), BOARDLOOP_WORKER);
    return args;
  }
  static WorkerRun Worker(const std::vector<std::string>& args) {
    ProcessLimits limits;
    limits.deadline = absl::Minutes(5);
    const absl::StatusOr<ProcessOutput> output = RunProcess(CommandLine(args), "", limits);
    EXPECT_THAT(output, IsOk());
    if (!output.ok()) return {};
    return {output->exit_code, output->out, output->err};
  }
  // `more` overrides what stands here, and adds to it.
  std::vector<std::string> Train(const std::string& out,
                                 const std::map<std::string, std::string>& more = {}) const {
    std::map<std::string, std::string> flags = {
        {"--data", At("data")}, {"--space", At("space.json")},
        {"--width", "1"},       {"--resolution", "12"},
        {"--batch-size", "16"}, {"--micro-batch-size", "8"},
        {"--epochs", "3"},      {"--rate", "0.2"},
        {"--threads", "2"},     {"--out", At(out)},
        {"--quiet", "true"},    {"--json", "true"}};
    for (const auto& [flag, value] : more) flags[flag] = value;
    std::vector<std::string> args = {"train"};
    for (const auto& [flag, value] : flags) args.push_back(absl::StrCat(flag, "=", value));
    return args;
  }

 private:
  // Noise with a bright quadrant, as the label says.
  void WritePart(const std::string& part, uint32_t count, uint64_t seed) const {
    Random random(seed);
    std::string pixels, labels;
    for (uint32_t i = 0; i < count; ++i) {
      const auto label = static_cast<int>(i % 4);
      labels.push_back(static_cast<char>(label));
      for (int p = 0; p < 144; ++p) {
        const bool bright = (p / 12 < 6) == (label < 2) && (p % 12 < 6) == (label % 2 == 0);
        pixels.push_back(static_cast<char>(random.Below(90) + (bright ? 100 : 0)));
      }
    }
    WriteIn(folder_, "data/" + part + "-images-idx3-ubyte", IdxBytes({count, 12, 12}, pixels));
    WriteIn(folder_, "data/" + part + "-labels-idx1-ubyte", IdxBytes({count}, labels));
  }

  std::string folder_;
};

std::string Content(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

TEST_F(WorkerProgramTest, FromADataSetToAModelInEveryFormat) {
  const WorkerRun trained = Worker(Train("super.blc", {{"--log", At("log.jsonl")}}));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_GT(trained.Json()["val_top1_largest"].get<double>(), 0.9) << trained.out;
  EXPECT_EQ(trained.Json()["val_images"], 80);
  EXPECT_THAT(Content(At("log.jsonl")), HasSubstr("\"phase\":\"shrink\""));

  const WorkerRun scored = Worker({"score", At("super.blc"), "largest", "--random", "3", "--json"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  EXPECT_EQ(scored.Json()["subnets"].size(), 4);
  EXPECT_EQ(scored.Json()["subnets"][0]["val_top1"], trained.Json()["val_top1_largest"]);

  const WorkerRun tuned =
      Worker({"finetune", At("super.blc"), "smallest", "--epochs", "1", "--batch-size", "16",
              "--micro-batch-size", "8", "--quiet", "--out", At("net.blc"), "--json"});
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_GT(tuned.Json()["val_top1_largest"].get<double>(), 0.9);

  const WorkerRun quantized =
      Worker({"quantize", At("net.blc"), "--out", At("net.tflite"), "--out", At("net.onnx"),
              "--out", At("net.blm"), "--range-images", "128", "--json"});
  ASSERT_EQ(quantized.exit_code, 0) << quantized.err;
  EXPECT_GT(quantized.Json()["val_top1_int8"].get<double>(), 0.9);
  EXPECT_EQ(quantized.Json()["val_top1_int8"], quantized.Json()["val_top1_simulated"]);
  const WorkerRun rescored = Worker({"score", At("net.blc"), "--json"});
  ASSERT_EQ(rescored.exit_code, 0) << rescored.err;
  EXPECT_EQ(rescored.Json()["subnets"][0]["val_top1"], quantized.Json()["val_top1_fp32"]);

  for (const char* file : {"net.tflite", "net.blm"}) {
    const WorkerRun evaluated =
        Worker({"eval", At(file), "--data", At("data"), "--outputs", At("outputs"), "--json"});
    ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
    EXPECT_EQ(evaluated.Json()["top1"], quantized.Json()["val_top1_int8"]);
    EXPECT_EQ(fs::file_size(At("outputs")), 80 * 4);
  }
  const WorkerRun test =
      Worker({"eval", At("net.blm"), "--data", At("data"), "--split", "test", "--json"});
  EXPECT_EQ(test.Json()["images"], 100);

  const WorkerRun exported = Worker({"export", At("net.blm"), "--out", At("again.tflite")});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(Content(At("again.tflite")), Content(At("net.tflite")));
}

// Workers of a farm read it from other folders.
TEST_F(WorkerProgramTest, ACheckpointKeepsTheWholePathOfItsDataSet) {
  const std::string relative = fs::relative(At("data")).string();
  const WorkerRun run = Worker(Train("super.blc", {{"--data", relative}, {"--epochs", "0.1"}}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const absl::StatusOr<v1::CheckpointHeader> header =
      ParseCheckpointHeader(Content(At("super.blc")), "super.blc");
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->dataset().path(), fs::absolute(At("data")).lexically_normal());
}

TEST_F(WorkerProgramTest, QuantizationAwareTrainingOfASubnet) {
  ASSERT_EQ(Worker(Train("super.blc", {{"--epochs", "1"}})).exit_code, 0);
  const WorkerRun run = Worker({"quantize", At("super.blc"), "smallest", "--qat-epochs", "0.5",
                                "--range-images", "64", "--out", At("q.blm"), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_GE(run.Json()["val_top1_simulated"], run.Json()["val_top1_ptq"]);
  EXPECT_EQ(run.Json()["val_top1_int8"], run.Json()["val_top1_simulated"]);
}

TEST_F(WorkerProgramTest, KilledAtRandomPointsItEndsWithTheSameBits) {
  const std::map<std::string, std::string> more = {{"--epochs", "12"},
                                                   {"--recipe", "ofa"},
                                                   {"--flip", "true"},
                                                   {"--checkpoint-seconds", "0.02"},
                                                   {"--accuracy-seconds", "1000"}};
  ASSERT_EQ(Worker(Train("unbroken.blc", more)).exit_code, 0);

  Random random(1);
  const std::vector<std::string> argv = CommandLine(Train("killed.blc", more));
  for (int kill_number = 0; kill_number < 10; ++kill_number) {
    ChildProcess::Options options;
    options.log_path = At("killed.log");
    absl::StatusOr<ChildProcess> worker = ChildProcess::Start(argv, options);
    ASSERT_THAT(worker, IsOk());
    // Some die before the first checkpoint, some in the middle of one, some later.
    usleep(static_cast<useconds_t>(random.Between(50'000, 900'000)));
    if (worker->Running()) kill(worker->pid(), SIGKILL);
    while (worker->Running()) usleep(1000);
  }
  const WorkerRun last = Worker(Train("killed.blc", more));
  ASSERT_EQ(last.exit_code, 0) << last.err;

  // All but the seconds that the two took.
  const auto weights = [&](const std::string& name) {
    const WorkerRun scored = Worker({"score", At(name), "--random", "4", "--json"});
    EXPECT_EQ(scored.exit_code, 0) << scored.err;
    return scored.Json()["subnets"].dump();
  };
  EXPECT_EQ(weights("killed.blc"), weights("unbroken.blc"));
  const std::string killed = Content(At("killed.blc")), unbroken = Content(At("unbroken.blc"));
  ASSERT_EQ(killed.size(), unbroken.size());
  constexpr size_t kHash = 16, kTensors = 4096;  // The end of the file holds weights and momentum.
  ASSERT_GT(killed.size(), kHash + kTensors);
  EXPECT_EQ(killed.substr(killed.size() - kHash - kTensors, kTensors),
            unbroken.substr(unbroken.size() - kHash - kTensors, kTensors));
}

TEST_F(WorkerProgramTest, StoppedBySigtermItSaysSoAndCanGoOn) {
  const std::vector<std::string> args =
      Train("stopped.blc", {{"--epochs", "200"}, {"--log", At("log.jsonl")}});
  ChildProcess::Options options;
  options.log_path = At("err");
  absl::StatusOr<ChildProcess> worker = ChildProcess::Start(CommandLine(args), options);
  ASSERT_THAT(worker, IsOk());
  while (!fs::exists(At("log.jsonl")) || fs::file_size(At("log.jsonl")) == 0) {
    ASSERT_TRUE(worker->Running()) << Content(At("err"));
    usleep(1000);
  }
  kill(worker->pid(), SIGTERM);
  while (worker->Running()) usleep(1000);
  EXPECT_EQ(worker->exit_code(), 3);
  EXPECT_THAT(Content(At("err")), AllOf(HasSubstr("CANCELLED: stopped before step"),
                                        HasSubstr("resumed from its checkpoint")));
  EXPECT_TRUE(fs::exists(At("stopped.blc")));
}

TEST_F(WorkerProgramTest, AnotherRunsCheckpointIsNotOverwritten) {
  ASSERT_EQ(Worker(Train("a.blc", {{"--epochs", "0.1"}})).exit_code, 0);
  const WorkerRun other = Worker(Train("a.blc", {{"--epochs", "0.1"}, {"--seed", "9"}}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, AllOf(HasSubstr("another run"), HasSubstr("--fresh")));
  EXPECT_EQ(
      Worker(Train("a.blc", {{"--epochs", "0.1"}, {"--seed", "9"}, {"--fresh", "true"}})).exit_code,
      0);
}

TEST_F(WorkerProgramTest, AFullDiskIsAnErrorAndTheOldCheckpointStays) {
  ASSERT_EQ(Worker(Train("small.blc", {{"--epochs", "0.1"}})).exit_code, 0);
  const std::string before = Content(At("small.blc"));
  // The shell's limit on the size of files, in blocks of 512 bytes: less than a checkpoint.
  ProcessLimits limits;
  limits.deadline = absl::Minutes(5);
  std::vector<std::string> argv = {"/bin/sh", "-c", "ulimit -f 8; exec \"$0\" \"$@\"",
                                   BOARDLOOP_WORKER};
  for (const std::string& arg : Train("small.blc", {{"--epochs", "0.2"}, {"--fresh", "true"}})) {
    argv.push_back(arg);
  }
  const absl::StatusOr<ProcessOutput> output = RunProcess(argv, "", limits);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->exit_code, 1);
  EXPECT_THAT(output->err, HasSubstr("cannot write"));
  EXPECT_EQ(Content(At("small.blc")), before);
}

TEST_F(WorkerProgramTest, BadInputIsOneLineThatNamesIt) {
  ASSERT_EQ(Worker(Train("good.blc", {{"--epochs", "0.1"}})).exit_code, 0);
  WriteIn(At(""), "junk.blc", "junk");
  const struct {
    std::vector<std::string> args;
    const char* detail;
  } cases[] = {
      {{"train", "--out", At("x.blc"), "--data", At("nowhere")}, "nowhere"},
      {{"train", "--out", At("x.blc"), "--preset", "huge"}, "no training preset"},
      {Train("x.blc", {{"--batch-size", "4096"}}), "batch_size is 4096"},
      {Train("x.blc", {{"--resolution", "4"}}), "--resolution"},
      {Train("x.blc", {{"--recipe", "best"}}), "must be mcunet, ofa or sandwich"},
      {{"score", At("junk.blc")}, "not a checkpoint"},
      {{"score", At("missing.blc")}, "missing.blc"},
      {{"score", At("good.blc"), "no.json"}, "no.json"},
      {{"quantize", At("good.blc"), "--out", At("m.tflite")}, "which SUBNET"},
      {{"quantize", At("good.blc"), "smallest", "--out", At("m.h5")}, "does not end in"},
      {{"eval", At("junk.blc")}, "junk.blc"},
      {{"export", At("good.blc"), "--out", At("m.onnx")}, "good.blc"},
      {{"score", At("good.blc"), "--device", "cuda"}, "no GPU"},
  };
  for (const auto& bad : cases) {
    const WorkerRun run = Worker(bad.args);
    EXPECT_EQ(run.exit_code, 2) << testing::PrintToString(bad.args) << run.err;
    EXPECT_THAT(run.err, HasSubstr(bad.detail));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

TEST_F(WorkerProgramTest, HelpHasExamplesAndFlagsComeFromAFile) {
  for (const char* command : {"train", "score", "finetune", "quantize", "export", "eval"}) {
    const WorkerRun help = Worker({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:")) << command;
  }
  // A flag on the command line comes before the file's.
  WriteIn(At(""), "run.toml", "[train]\nepochs = 0.1\nrandom-subnets = 0\nrate = 5.0\n");
  std::vector<std::string> args = Train("c.blc", {{"--config", At("run.toml")}});
  args.erase(std::find(args.begin(), args.end(), "--epochs=3"));
  const WorkerRun run = Worker(args);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()["steps"], 3);  // 400 training images, a tenth of 25 steps.
}

}  // namespace
}  // namespace boardloop
