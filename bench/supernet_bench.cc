// What a super-network is worth: does it rank subnets as training each alone would (`rank`), which recipe makes
// the best one in the same time (`recipes`), and what do its subnets lose in int8 (`int8`)? Takes minutes; prints a
// table, or JSON.
//
//   build/release/bench/supernet_bench rank supernet.blc --subnets 24 --epochs 3
//   build/release/bench/supernet_bench recipes --seconds 120
//   build/release/bench/supernet_bench int8 supernet.blc --subnets 8 --qat-epochs 1
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/int8_accuracy.h"
#include "bench/supernet_training.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "nlohmann/json.hpp"
#include "worker/flags.h"
#include "worker/supernet_file.h"
#include "worker/torch/recipe.h"
#include "worker/torch/score.h"

namespace boardloop {
namespace {

struct Flags {
  std::string checkpoint;
  int32_t subnets = 24;
  int32_t repeats = 2;
  double epochs = 3;
  double rate = 0.4;
  double seconds = 120;
  DataFlags data;
  TrainingFlags training;
  DeviceFlags device;
  bool json = false;
};

// ---- rank

struct Ranked {
  Subnet subnet;
  int64_t macs = 0;
  double inherited = 0;
  std::vector<double> runs;  // Top-1 of each training of it alone.

  double Alone() const {
    return std::accumulate(runs.begin(), runs.end(), 0.0) / static_cast<double>(runs.size());
  }
};

// Subnets whose MACs lie evenly between the smallest's and the largest's: random ones alone crowd in the
// middle. Mutants of the two extremes reach the ends.
absl::StatusOr<std::vector<Ranked>> SpreadSubnets(const v1::SupernetSpec& supernet, int count,
                                                  uint64_t seed) {
  Random random(seed);
  std::vector<Ranked> pool;
  for (int i = 0; i < 40 * count; ++i) {
    const Subnet& parent = i % 3 == 0 ? LargestOf(supernet) : SmallestOf(supernet);
    Ranked drawn;
    drawn.subnet = i % 3 == 2 ? SampleOf(supernet, random)
                              : MutateSubnet(supernet.space(), parent, random.Unit(), random);
    BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(supernet.space(), drawn.subnet));
    drawn.macs = Measure(graph).macs;
    pool.push_back(std::move(drawn));
  }
  std::sort(pool.begin(), pool.end(),
            [](const Ranked& a, const Ranked& b) { return a.macs < b.macs; });
  std::vector<Ranked> chosen;
  for (int i = 0; i < count; ++i) {
    const double wanted =
        static_cast<double>(pool.front().macs) +
        static_cast<double>(pool.back().macs - pool.front().macs) * i / std::max(1, count - 1);
    const auto nearest =
        std::min_element(pool.begin(), pool.end(), [&](const Ranked& a, const Ranked& b) {
          return std::abs(static_cast<double>(a.macs) - wanted) <
                 std::abs(static_cast<double>(b.macs) - wanted);
        });
    chosen.push_back(std::move(*nearest));
    pool.erase(nearest);
  }
  return chosen;
}

struct Tau {
  double value = 0;
  int64_t pairs = 0;
};

// Kendall's tau between two figures of each, over the pairs whose MACs differ by at most `band` of the larger's; ties count for neither.
template <typename First, typename Second>
Tau KendallTau(const std::vector<Ranked>& ranked, double band, First first, Second second) {
  int64_t agreeing = 0, differing = 0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const auto larger = static_cast<double>(std::max(ranked[i].macs, ranked[j].macs));
      if (std::abs(static_cast<double>(ranked[i].macs - ranked[j].macs)) > band * larger) continue;
      const double product =
          (first(ranked[i]) - first(ranked[j])) * (second(ranked[i]) - second(ranked[j]));
      agreeing += static_cast<int64_t>(product > 0);
      differing += static_cast<int64_t>(product < 0);
    }
  }
  const int64_t pairs = agreeing + differing;
  return {pairs > 0 ? static_cast<double>(agreeing - differing) / static_cast<double>(pairs) : 0,
          pairs};
}

Tau InheritedTau(const std::vector<Ranked>& ranked, double band) {
  return KendallTau(
      ranked, band, [](const Ranked& r) { return r.inherited; },
      [](const Ranked& r) { return r.Alone(); });
}

// How well the reference agrees with itself: the mean tau between two runs of training alone.
std::optional<double> RunsTau(const std::vector<Ranked>& ranked) {
  const size_t runs = ranked[0].runs.size();
  double sum = 0;
  int pairs = 0;
  for (size_t a = 0; a < runs; ++a) {
    for (size_t b = 0; b < a; ++b, ++pairs) {
      sum += KendallTau(
                 ranked, 1.0, [a](const Ranked& r) { return r.runs[a]; },
                 [b](const Ranked& r) { return r.runs[b]; })
                 .value;
    }
  }
  if (pairs == 0) return std::nullopt;
  return sum / pairs;
}

absl::Status RunRank(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const LoadedCheckpoint loaded,
                      LoadCheckpoint(flags.checkpoint, flags.device));
  BL_ASSIGN_OR_RETURN(TrainingData samples,
                      LoadCheckpointData(loaded, flags.data, flags.device.threads));
  const SplitData data(std::move(samples), loaded.device);
  v1::CheckpointHeader header = loaded.checkpoint.header;
  BL_ASSIGN_OR_RETURN(std::vector<Ranked> ranked,
                      SpreadSubnets(header.supernet(), flags.subnets, flags.training.seed));
  std::vector<Subnet> subnets;
  for (const Ranked& each : ranked) subnets.push_back(each.subnet);
  ScoreOptions score;
  score.threads = flags.device.threads;
  BL_ASSIGN_OR_RETURN(
      const std::vector<Score> inherited,
      ScoreSubnets(loaded.space(), loaded.weights, subnets, data.train, data.validation, score));
  v1::TrainingSpec& training = *header.mutable_training();
  training.set_recipe(v1::TrainingSpec::SINGLE);
  training.set_warmup_epochs(flags.epochs * 0.1);
  training.set_epochs(flags.epochs);
  training.set_peak_rate(flags.rate);
  Table table({{"inherited"}, {"alone"}, {"MACs"}, {"subnet", Align::kLeft}});
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (size_t i = 0; i < ranked.size(); ++i) {
    ranked[i].inherited = inherited[i].top1;
    header.set_subnet(CanonicalText(ranked[i].subnet));
    for (int repeat = 0; repeat < flags.repeats; ++repeat) {
      training.set_seed(flags.training.seed + static_cast<uint64_t>(repeat));
      BL_ASSIGN_OR_RETURN(const TrainReport report, TrainNow(header, data, flags.device.threads));
      ranked[i].runs.push_back(report.accuracy->largest);
    }
    table.AddRow({absl::StrFormat("%.4f", ranked[i].inherited),
                  absl::StrFormat("%.4f", ranked[i].Alone()),
                  FormatCount(static_cast<double>(ranked[i].macs)), header.subnet()});
    rows.push_back({{"subnet", header.subnet()},
                    {"macs", ranked[i].macs},
                    {"inherited", ranked[i].inherited},
                    {"alone", ranked[i].Alone()},
                    {"runs", ranked[i].runs}});
    std::fprintf(stderr, "%zu of %zu: inherited %.4f, alone %.4f\n", i + 1, ranked.size(),
                 ranked[i].inherited, ranked[i].Alone());
  }
  const Tau all = InheritedTau(ranked, 1.0), band = InheritedTau(ranked, 0.15);
  const std::optional<double> runs = RunsTau(ranked);
  if (flags.json) {
    return WriteResults(JsonText(
        {{"tau", all.value},
         {"tau_band", band.value},
         {"tau_runs", runs ? nlohmann::ordered_json(*runs) : nlohmann::ordered_json(nullptr)},
         {"subnets", rows}}));
  }
  return WriteResults(absl::StrFormat(
      "%s\nKendall tau %.3f over %d pairs; %.3f over the %d whose MACs differ by at most 15 %%\n"
      "%s"
      "%d images of the validation split; each network alone: mean of %d runs of %g epochs from "
      "random weights\n",
      table.Text(), all.value, all.pairs, band.value, band.pairs,
      runs ? absl::StrFormat("between two such runs: %.3f\n", *runs) : "", data.validation.size(),
      flags.repeats, flags.epochs));
}

// ---- recipes

absl::Status RunRecipes(const Flags& flags) {
  v1::CheckpointHeader header;
  BL_RETURN_IF_ERROR(
      TrainingFromFlags(flags.training, *header.mutable_supernet(), *header.mutable_training()));
  v1::SupernetSpec& supernet = *header.mutable_supernet();
  BL_ASSIGN_OR_RETURN(*header.mutable_dataset(),
                      DatasetFromFlags(flags.data, supernet.resolution(), v1::DatasetSpec()));
  BL_ASSIGN_OR_RETURN(TrainingData samples,
                      LoadForTraining(header.dataset(), flags.device.threads, supernet));
  BL_ASSIGN_OR_RETURN(const ComputeDevice device, DeviceFromFlags(flags.device));
  const SplitData data(std::move(samples), device);
  Table table({{"recipe", Align::kLeft},
               {"epochs"},
               {"seconds"},
               {"largest"},
               {"smallest"},
               {"mean of 16 random"}});
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto recipe :
       {v1::TrainingSpec::SANDWICH, v1::TrainingSpec::MCUNET, v1::TrainingSpec::OFA}) {
    v1::TrainingSpec& training = *header.mutable_training();
    const double warmup = training.warmup_epochs() / training.epochs();
    training.set_recipe(recipe);
    // A short run of all its phases tells what an epoch takes.
    constexpr double kPilot = 0.1;
    training.set_epochs(kPilot);
    training.set_warmup_epochs(kPilot * warmup);
    BL_ASSIGN_OR_RETURN(const TrainReport pilot, TrainNow(header, data, flags.device.threads));
    training.set_epochs(kPilot * flags.seconds / pilot.seconds);
    training.set_warmup_epochs(training.epochs() * warmup);
    BL_ASSIGN_OR_RETURN(const TrainReport report, TrainNow(header, data, flags.device.threads));
    double mean = 0;
    for (const double top1 : report.accuracy->random) mean += top1 / report.accuracy->random.size();
    table.AddRow(
        {RecipeName(recipe), absl::StrFormat("%.1f", training.epochs()),
         absl::StrFormat("%.0f", report.seconds), absl::StrFormat("%.4f", report.accuracy->largest),
         absl::StrFormat("%.4f", *report.accuracy->smallest), absl::StrFormat("%.4f", mean)});
    rows.push_back({{"recipe", RecipeName(recipe)},
                    {"epochs", training.epochs()},
                    {"seconds", report.seconds},
                    {"largest", report.accuracy->largest},
                    {"smallest", *report.accuracy->smallest},
                    {"random", mean}});
  }
  return WriteResults(flags.json ? JsonText(rows) : table.Text());
}

int Main(int argc, char** argv) {
  CLI::App program("Measures super-networks", "supernet_bench");
  program.require_subcommand(1);
  Flags flags;
  CLI::App& rank = *program.add_subcommand("rank", "Inherited against stand-alone accuracy");
  rank.add_option("CHECKPOINT", flags.checkpoint, "Of a super-network")->required();
  AddInteger(rank, "--subnets", flags.subnets, 2, 1000, "How many");
  AddInteger(rank, "--repeats", flags.repeats, 1, 100,
             "Trainings of each network alone, of whose top-1 the mean counts");
  AddNumber(rank, "--epochs", flags.epochs, 0, 10000, "Of each network alone");
  AddNumber(rank, "--rate", flags.rate, 0, 100, "Its peak learning rate");
  AddSeed(rank, flags.training.seed);
  CLI::App& recipes = *program.add_subcommand("recipes", "The recipes in equal time");
  AddNumber(recipes, "--seconds", flags.seconds, 0, 1e6, "Of training for each recipe");
  AddTrainingFlags(recipes, flags.training, /*single=*/false);
  for (CLI::App* command : {&rank, &recipes}) {
    AddDataFlags(*command, flags.data);
    AddDeviceFlags(*command, flags.device);
    AddJson(*command, flags.json);
  }
  Int8Flags int8_flags;
  const CLI::App& int8 = AddInt8Command(program, int8_flags);
  CLI11_PARSE(program, argc, argv);
  const absl::Status status = int8.parsed()   ? RunInt8(int8_flags)
                              : rank.parsed() ? RunRank(flags)
                                              : RunRecipes(flags);
  if (!status.ok()) std::fprintf(stderr, "supernet_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  try {
    return boardloop::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "supernet_bench: %s\n", error.what());
    return 1;
  }
}
