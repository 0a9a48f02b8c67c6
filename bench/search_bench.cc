// Evolution against random search of equal budget: the same super-network, the same limits, as many scored candidates. The winners are
// compared on images that neither search has seen. Prints each seed's difference, their mean and its 95 % interval.
//
//   build/release/bin/boardloop-worker train --out supernet.blc
//   build/release/bench/search_bench supernet.blc
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/farm.h"
#include "bench/measured_latency.h"
#include "bench/measurement_queue.h"
#include "bench/subnet_scorer.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/plan/step_work.h"
#include "nlohmann/json.hpp"
#include "server/search/evolution.h"
#include "server/search/search_context.h"
#include "server/search/selection.h"
#include "server/search/spec.h"

namespace boardloop {
namespace {

constexpr char kNotes[] =
    R"(Both searches are the project's own code: server/search/evolution.h draws, worker/torch/score.h scores. Random search
is a first generation as large as evolution's whole budget; with a seed it begins with the networks that evolution begins with.

Latencies are those that the search's predictor gives, fitted to --measured random networks, which a virtual board has measured: its
cycles are modelled. SRAM and flash are as planned. Each limit alone rejects a share --reject of random networks. Candidates that miss
the latency limit count against the budget of both, as in a search.

Scores, and so winners, come from the first --images images of the validation split; the winners are compared on the rest of it. Test
images are not read.
)";

struct Flags {
  std::string checkpoint;
  std::string board_type = "virtual-stm32f405";
  int32_t seeds = 10;
  uint64_t first_seed = 1;
  int32_t images = 5000;
  int32_t measured = 100;
  int32_t drawn = 1000;
  double reject = 0.8;
  int32_t population = 16, parents = 5, children = 16, generations = 5;
  int32_t threads = 2;
  bool json = false;
};

// What both searches share.
struct Setting {
  v1::Search search;
  EvolutionProblem problem;
  PlanOptions plan;
  std::unique_ptr<SubnetScorer> scorer;
  std::unique_ptr<LatencyPredictor> latency;
};

// The best of one search.
struct Winner {
  Individual individual;
  double unseen_top1 = 0;
  int64_t candidates = 0, feasible = 0;
};

absl::StatusOr<double> LatencyOf(const Setting& setting, const PlannedNetwork& planned) {
  return setting.latency->Predict(WorkOfSteps(planned.graph, planned.plan)).latency_ms;
}

// The value that a share `reject` of `values` exceeds.
double LimitOf(std::vector<double> values, double reject) {
  return Percentile(std::move(values), 1 - reject);
}

absl::Status SetLimits(const Flags& flags, Setting& setting) {
  BL_ASSIGN_OR_RETURN(const std::vector<DrawnNetwork> networks,
                      DrawNetworks(setting.search, flags.drawn, /*seed=*/2));
  std::vector<double> sram, flash, latency;
  for (const DrawnNetwork& network : networks) {
    sram.push_back(static_cast<double>(network.planned.facts.sram_bytes));
    flash.push_back(static_cast<double>(network.planned.facts.flash_bytes));
    BL_ASSIGN_OR_RETURN(const double ms, LatencyOf(setting, network.planned));
    latency.push_back(ms);
  }
  v1::Limits& limits = *setting.search.mutable_limits();
  limits.set_sram_bytes(static_cast<int64_t>(LimitOf(std::move(sram), flags.reject)));
  limits.set_flash_bytes(static_cast<int64_t>(LimitOf(std::move(flash), flags.reject)));
  limits.set_latency_ms(LimitOf(std::move(latency), flags.reject));
  return absl::OkStatus();
}

absl::StatusOr<Setting> MakeSetting(const Flags& flags) {
  Setting setting;
  BL_ASSIGN_OR_RETURN(setting.scorer,
                      SubnetScorer::Load(flags.checkpoint, flags.images, flags.threads));
  const v1::SupernetSpec& networks = setting.scorer->supernet();
  BL_ASSIGN_OR_RETURN(setting.search, BenchSearch("searches/bench", flags.board_type));
  v1::Space& space = *setting.search.mutable_spec()->mutable_space();
  space = networks.space();
  if (networks.classes() > 0) space.set_classes(networks.classes());
  if (networks.input_channels() > 0) space.set_input_channels(networks.input_channels());
  setting.search.set_width_mult(networks.width_mult());
  setting.search.set_resolution(networks.resolution());
  v1::EvolutionSpec& evolution = *setting.search.mutable_spec()->mutable_evolution();
  evolution.set_population(flags.population);
  evolution.set_parents(flags.parents);
  evolution.set_crossovers(flags.children / 2);
  evolution.set_mutations(flags.children - flags.children / 2);
  evolution.set_generations(flags.generations);
  BL_RETURN_IF_ERROR(CheckSpec(setting.search.spec()));

  BL_ASSIGN_OR_RETURN(const std::vector<DrawnNetwork> measured,
                      DrawNetworks(setting.search, flags.measured, /*seed=*/1));
  BL_ASSIGN_OR_RETURN(LatencyPredictor latency, FitToBoard(flags.board_type, measured));
  setting.latency = std::make_unique<LatencyPredictor>(std::move(latency));
  BL_RETURN_IF_ERROR(SetLimits(flags, setting));

  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(setting.search.spec()));
  setting.plan = PlanOptionsOf(setting.search.spec(), setting.search.limits(), type);
  BL_ASSIGN_OR_RETURN(setting.problem, ProblemOf(setting.search, networks, type));
  return setting;
}

// What a search's rows would say of these children, numbered from `first_number`.
absl::StatusOr<std::vector<Individual>> Judge(Setting& setting, const std::vector<Child>& children,
                                              int64_t first_number) {
  std::vector<Subnet> subnets;
  for (const Child& child : children) subnets.push_back(child.subnet);
  BL_ASSIGN_OR_RETURN(const std::vector<double> top1,
                      setting.scorer->Top1(subnets, SubnetScorer::Part::kSearch));
  const v1::Limits& limits = setting.search.limits();
  std::vector<Individual> individuals;
  for (size_t i = 0; i < children.size(); ++i) {
    Individual individual;
    individual.number = first_number + static_cast<int64_t>(i);
    individual.subnet = children[i].subnet;
    individual.top1 = top1[i];
    individual.sram_bytes = children[i].facts.sram_bytes;
    BL_ASSIGN_OR_RETURN(const PlannedNetwork planned, PlanSubnet(setting.search.spec().space(),
                                                                 children[i].subnet, setting.plan));
    BL_ASSIGN_OR_RETURN(individual.latency_ms, LatencyOf(setting, planned));
    individual.violation = LimitViolation(limits, individual.sram_bytes, individual.latency_ms);
    individual.feasible = individual.violation == 0;
    individuals.push_back(std::move(individual));
  }
  return individuals;
}

absl::StatusOr<Winner> BestOf(Setting& setting, const std::vector<Individual>& individuals) {
  const std::vector<Individual> best = Finalists(setting.problem.objective, individuals, 1);
  if (best.empty()) return absl::FailedPreconditionError("a search has found nothing feasible");
  Winner winner;
  winner.individual = best.front();
  winner.candidates = static_cast<int64_t>(individuals.size());
  winner.feasible = std::count_if(individuals.begin(), individuals.end(),
                                  [](const Individual& each) { return each.feasible; });
  BL_ASSIGN_OR_RETURN(
      const std::vector<double> top1,
      setting.scorer->Top1({winner.individual.subnet}, SubnetScorer::Part::kUnseen));
  winner.unseen_top1 = top1.front();
  return winner;
}

absl::StatusOr<Winner> Evolve(Setting& setting) {
  std::vector<Individual> all;
  for (int32_t number = 0; number <= setting.problem.evolution.generations(); ++number) {
    BL_ASSIGN_OR_RETURN(const Generation generation,
                        number == 0 ? FirstGeneration(setting.problem)
                                    : NextGeneration(setting.problem, number, all));
    BL_ASSIGN_OR_RETURN(std::vector<Individual> judged,
                        Judge(setting, generation.children, static_cast<int64_t>(all.size()) + 1));
    std::move(judged.begin(), judged.end(), std::back_inserter(all));
  }
  return BestOf(setting, all);
}

absl::StatusOr<Winner> DrawAtRandom(Setting& setting, int64_t budget) {
  EvolutionProblem problem = setting.problem;
  problem.evolution.set_population(static_cast<int32_t>(budget));
  BL_ASSIGN_OR_RETURN(const Generation generation, FirstGeneration(problem));
  BL_ASSIGN_OR_RETURN(const std::vector<Individual> all, Judge(setting, generation.children, 1));
  return BestOf(setting, all);
}

// ---- Statistics.

// The 0.975 quantile of Student's t distribution, by bisection of its distribution function (Simpson's rule on the density).
double StudentQuantile(int freedom) {
  const double nu = freedom;
  const double scale =
      std::exp(std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2)) / std::sqrt(nu * M_PI);
  const auto density = [&](double t) { return scale * std::pow(1 + t * t / nu, -(nu + 1) / 2); };
  const auto above_zero = [&](double t) {
    constexpr int kSteps = 2000;
    const double h = t / kSteps;
    double sum = density(0) + density(t);
    for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(i * h);
    return sum * h / 3;
  };
  double low = 0, high = 20;  // 12.7 with one degree of freedom.
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (above_zero(middle) < 0.475 ? low : high) = middle;
  }
  return low;
}

struct Interval {
  double mean = 0, half = 0;
};

Interval MeanInterval(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Interval interval;
  for (const double value : values) interval.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - interval.mean, 2);
  if (values.size() < 2) return interval;
  interval.half = StudentQuantile(static_cast<int>(values.size()) - 1) *
                  std::sqrt(squares / (count - 1) / count);
  return interval;
}

nlohmann::ordered_json ToJson(const Winner& winner) {
  return {{"subnet", CanonicalText(winner.individual.subnet)},
          {"candidates", winner.candidates},
          {"feasible", winner.feasible},
          {"search_top1", *winner.individual.top1},
          {"unseen_top1", winner.unseen_top1},
          {"latency_ms", *winner.individual.latency_ms},
          {"sram_bytes", winner.individual.sram_bytes}};
}

std::string IntervalText(const Interval& interval) {
  return absl::StrFormat("%+.2f %%, 95 %% interval [%+.2f, %+.2f]", 100 * interval.mean,
                         100 * (interval.mean - interval.half),
                         100 * (interval.mean + interval.half));
}

absl::Status Run(const Flags& flags) {
  const absl::Time begin = absl::Now();
  BL_ASSIGN_OR_RETURN(Setting setting, MakeSetting(flags));
  const v1::Limits& limits = setting.search.limits();
  Table table({{"seed"},
               {"candidates"},
               {"feasible: evolution"},
               {"random"},
               {"top-1: evolution"},
               {"random"},
               {"difference"},
               {"on the search's images"}});
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::vector<double> unseen, seen;
  for (int32_t i = 0; i < flags.seeds; ++i) {
    const uint64_t seed = flags.first_seed + static_cast<uint64_t>(i);
    setting.problem.seed = seed;
    BL_ASSIGN_OR_RETURN(const Winner evolved, Evolve(setting));
    BL_ASSIGN_OR_RETURN(const Winner random, DrawAtRandom(setting, evolved.candidates));
    unseen.push_back(evolved.unseen_top1 - random.unseen_top1);
    seen.push_back(*evolved.individual.top1 - *random.individual.top1);
    table.AddRow({absl::StrFormat("%d", seed), absl::StrFormat("%d", evolved.candidates),
                  absl::StrFormat("%d", evolved.feasible), absl::StrFormat("%d", random.feasible),
                  absl::StrFormat("%.2f %%", 100 * evolved.unseen_top1),
                  absl::StrFormat("%.2f %%", 100 * random.unseen_top1),
                  absl::StrFormat("%+.2f %%", 100 * unseen.back()),
                  absl::StrFormat("%+.2f %%", 100 * seen.back())});
    rows.push_back({{"seed", seed},
                    {"difference", unseen.back()},
                    {"evolution", ToJson(evolved)},
                    {"random", ToJson(random)}});
    std::fprintf(stderr, "seed %d: evolution %.4f, random %.4f on unseen images\n",
                 static_cast<int>(seed), evolved.unseen_top1, random.unseen_top1);
  }
  const Interval difference = MeanInterval(unseen);
  const PredictorError& error = setting.latency->error();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  const int64_t search_images = setting.scorer->images(SubnetScorer::Part::kSearch);
  const int64_t unseen_images = setting.scorer->images(SubnetScorer::Part::kUnseen);
  if (flags.json) {
    return WriteResults(JsonText({{"mean_difference", difference.mean},
                                  {"interval_half_width", difference.half},
                                  {"search_images", search_images},
                                  {"unseen_images", unseen_images},
                                  {"limits",
                                   {{"sram_bytes", limits.sram_bytes()},
                                    {"flash_bytes", limits.flash_bytes()},
                                    {"latency_ms", limits.latency_ms()}}},
                                  {"predictor_mape", error.mape},
                                  {"subnets_scored", setting.scorer->scored()},
                                  {"seconds", seconds},
                                  {"seeds", rows}}));
  }
  return WriteResults(absl::StrFormat(
      "%s\n"
      "mean difference   %s (t distribution, %d seeds), on %d images that neither search saw\n"
      "on its own images %s, %d images\n"
      "limits            SRAM %d B, flash %d B, latency %.3f ms: each alone rejects %.0f %% of "
      "random networks\n"
      "latency           predicted from %d networks measured on a %s, mean error %.1f %%\n"
      "%d different subnets scored; %.0f s\n",
      table.Text(), IntervalText(difference), flags.seeds, unseen_images,
      IntervalText(MeanInterval(seen)), search_images, limits.sram_bytes(), limits.flash_bytes(),
      limits.latency_ms(), 100 * flags.reject, flags.measured, flags.board_type, 100 * error.mape,
      setting.scorer->scored(), seconds));
}

int Main(int argc, char** argv) {
  PrepareStandardStreams();
  Flags flags;
  CLI::App program("Evolution against random search of equal budget", "search_bench");
  program.footer(kNotes);
  program.add_option("CHECKPOINT", flags.checkpoint, "Of a super-network")->required();
  AddBoard(program, flags.board_type, "Virtual board type");
  AddInteger(program, "--seeds", flags.seeds, 2, 1000, "How many times");
  AddSeed(program, flags.first_seed);
  AddInteger(program, "--images", flags.images, 1, 1'000'000, "That a search scores with");
  AddInteger(program, "--measured", flags.measured, 2, 100'000, "Networks for the predictor");
  AddInteger(program, "--drawn", flags.drawn, 10, 1'000'000, "Networks for the limits");
  AddNumber(program, "--reject", flags.reject, 0, 0.99, "Share that each limit alone rejects");
  AddInteger(program, "--population", flags.population, 2, 10'000, "Of the first generation");
  AddInteger(program, "--parents", flags.parents, 1, 10'000, "Of a generation");
  AddInteger(program, "--children", flags.children, 1, 10'000,
             "Of a later generation, half of them crossed");
  AddInteger(program, "--generations", flags.generations, 1, 10'000, "After the first");
  AddThreads(program, flags.threads);
  AddJson(program, flags.json);
  CLI11_PARSE(program, argc, argv);
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  WriteMessage(std::string(status.message()));
  return 1;
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  try {
    return boardloop::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "search_bench: %s\n", error.what());
    return 1;
  }
}
