// boardloop-worker score: validation accuracy of subnets with the weights of a super-network.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "nlohmann/json.hpp"
#include "worker/command.h"
#include "worker/flags.h"
#include "worker/stop_signal.h"
#include "worker/supernet_file.h"
#include "worker/torch/score.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Scores subnets of a super-network on the validation split";

constexpr char kNotes[] =
    R"(Each subnet takes its slice of the weights, batch norm is recalibrated on training images, and top-1
is counted on the validation split. On a CPU a score is the same on every run.

A SUBNET is a subnet file, its canonical text, or one of the words largest and smallest.

Examples:
  boardloop-worker score supernet.blc largest smallest
  boardloop-worker score supernet.blc --random 20 --seed 7 --images 2000 --json
  boardloop subnet --space mbv2-small-image --width 0.2 --resolution 28 --input-channels 1 > net.json
  boardloop-worker score supernet.blc net.json
)";

struct Flags {
  std::string checkpoint;
  std::vector<std::string> subnets;
  int32_t random = 0;
  uint64_t seed = 1;
  std::optional<int32_t> images;
  int32_t calibration_images = 1280;
  DataFlags data;
  DeviceFlags device;
  bool json = false;
};

absl::StatusOr<int64_t> MacsOf(const Space& space, const Subnet& subnet) {
  BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(space, subnet));
  return Measure(graph).macs;
}

absl::StatusOr<nlohmann::ordered_json> ScoresJson(const Space& space,
                                                  const std::vector<Subnet>& subnets,
                                                  const std::vector<Score>& scores) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (size_t i = 0; i < subnets.size(); ++i) {
    BL_ASSIGN_OR_RETURN(const int64_t macs, MacsOf(space, subnets[i]));
    rows.push_back({{"subnet", CanonicalText(subnets[i])},
                    {"macs", macs},
                    {"val_top1", scores[i].top1},
                    {"val_loss", scores[i].loss},
                    {"correct", scores[i].correct},
                    {"images", scores[i].images}});
  }
  return rows;
}

absl::StatusOr<std::string> ScoresText(const Space& space, const std::vector<Subnet>& subnets,
                                       const std::vector<Score>& scores, double seconds) {
  Table table({{"top-1"}, {"loss"}, {"MACs"}, {"subnet", Align::kLeft}});
  for (size_t i = 0; i < subnets.size(); ++i) {
    BL_ASSIGN_OR_RETURN(const int64_t macs, MacsOf(space, subnets[i]));
    table.AddRow({absl::StrFormat("%.4f", scores[i].top1), absl::StrFormat("%.4f", scores[i].loss),
                  FormatCount(macs), CanonicalText(subnets[i])});
  }
  return absl::StrFormat("%s\n%d subnets on %d validation images in %.1f s, %.2f a second\n",
                         table.Text(), subnets.size(), scores[0].images, seconds,
                         static_cast<double>(subnets.size()) / seconds);
}

absl::Status RunScore(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const LoadedCheckpoint loaded,
                      LoadCheckpoint(flags.checkpoint, flags.device));
  const bool chosen = !flags.subnets.empty() || flags.random > 0 || loaded.single();
  const std::vector<std::string> names =
      chosen ? flags.subnets : std::vector<std::string>{"largest", "smallest"};
  BL_ASSIGN_OR_RETURN(const std::vector<Subnet> subnets,
                      ChooseSubnets(loaded, names, flags.random, flags.seed));
  BL_ASSIGN_OR_RETURN(const TrainingData data,
                      LoadCheckpointData(loaded, flags.data, flags.device.threads));
  const DeviceData train(data.train, loaded.device.device);
  const DeviceData validation(data.validation, loaded.device.device);

  ScoreOptions options;
  options.images = flags.images.value_or(0);
  options.calibration.images = flags.calibration_images;
  options.threads = flags.device.threads;
  options.cancelled = StopRequested;
  CatchStopSignals();
  const absl::Time begin = absl::Now();
  std::vector<Score> scores;
  {
    Progress progress("subnets");
    options.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
    BL_ASSIGN_OR_RETURN(
        scores, ScoreSubnets(loaded.space(), loaded.weights, subnets, train, validation, options));
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  if (flags.json) {
    BL_ASSIGN_OR_RETURN(const nlohmann::ordered_json rows,
                        ScoresJson(loaded.space(), subnets, scores));
    return WriteResults(JsonText({{"checkpoint", flags.checkpoint},
                                  {"seconds", seconds},
                                  {"subnets_per_second", subnets.size() / seconds},
                                  {"subnets", rows}}));
  }
  BL_ASSIGN_OR_RETURN(const std::string text, ScoresText(loaded.space(), subnets, scores, seconds));
  return WriteResults(text);
}

}  // namespace

void AddScoreCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("score", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("CHECKPOINT", flags->checkpoint, "Of a super-network")
      ->required()
      ->type_name("");
  command.add_option("SUBNET", flags->subnets, "Subnets to score (default: largest smallest)")
      ->type_name("");
  AddInteger(command, "--random", flags->random, 0, 1000000, "Score so many random subnets too");
  AddSeed(command, flags->seed);
  AddInteger(command, "--images", flags->images, 1, 10000000,
             "Only the first so many validation images");
  AddInteger(command, "--calibration-images", flags->calibration_images, 1, 1000000,
             "Training images for batch norm");
  AddDeviceFlags(command, flags->device);
  AddDataFlags(command, flags->data);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunScore(*flags); }; });
}

}  // namespace boardloop
