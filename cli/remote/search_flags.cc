#include "cli/remote/search_flags.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/options.h"
#include "cli/remote/search_file.h"
#include "core/base/status.h"
#include "core/presets/search_presets.h"

namespace boardloop {
namespace {

constexpr char kGroup[] = "What to search";
constexpr double kMaxLatencyMs = 1e6;
constexpr double kFewestEpochs = 1e-6, kMostEpochs = 10000;

void AddDatasetFlags(CLI::App& command, SearchFlags& flags) {
  command.add_option("--dataset", flags.dataset, "Folder of the data set, on the workers' disks")
      ->type_name("DIR")
      ->group(kGroup);
  const std::vector<Choice<v1::DatasetSpec::Kind>> kinds = {
      {"idx", v1::DatasetSpec::IDX},
      {"cifar-binary", v1::DatasetSpec::CIFAR_BINARY},
      {"image-folder", v1::DatasetSpec::IMAGE_FOLDER},
      {"wav-folder", v1::DatasetSpec::WAV_FOLDER}};
  AddChoice(command, "--dataset-kind", flags.dataset_kind, kinds, "Layout of the folder")
      ->group(kGroup);
  command.get_option("--dataset")->needs("--dataset-kind");
  command
      .add_flag("--skip-broken", flags.skip_broken,
                "Leave files out that cannot be decoded, instead of refusing the data set")
      ->group(kGroup);
  constexpr int32_t kMostClasses = 65536;
  AddInteger(command, "--classes", flags.classes, 2, kMostClasses,
             "Classes to plan for until a worker has seen the data set, which says how many it has")
      ->group(kGroup);
  AddChoice<std::optional<int32_t>>(command, "--channels", flags.channels, {{"1", 1}, {"3", 3}},
                                    "As --classes: 1 (grey) or 3 (colour)")
      ->group(kGroup);
}

void AddSpaceFlags(CLI::App& command, SearchFlags& flags) {
  command
      .add_option("--widths", flags.width_mults,
                  "Width multipliers to choose from, instead of the preset's one")
      ->check([](const std::string& text) {
        double width = 0;
        if (absl::SimpleAtod(text, &width) && std::isfinite(width)) return std::string();
        return absl::StrFormat("is \"%s\", a number is needed", text);
      })
      ->type_name("W,...")
      ->delimiter(',')
      ->group(kGroup);
  command
      .add_option("--resolutions", flags.resolutions,
                  "Resolutions to choose from, instead of the preset's one")
      ->type_name("R,...")
      ->delimiter(',')
      ->group(kGroup);
}

void AddLimitFlags(CLI::App& command, SearchFlags& flags) {
  command.add_option("--board", flags.board_type, "Board type (see `boardloop boards types`)")
      ->type_name("TYPE")
      ->group(kGroup);
  AddSize(command, "--sram-limit", flags.sram_bytes, "SRAM for the network instead of the board's");
  AddSize(command, "--flash-limit", flags.flash_bytes,
          "Flash for the network instead of the board's");
  AddNumber(command, "--latency-limit-ms", flags.latency_ms, 0, kMaxLatencyMs,
            "Longest inference in milliseconds");
  for (const char* flag : {"--sram-limit", "--flash-limit", "--latency-limit-ms"}) {
    command.get_option(flag)->group(kGroup);
  }
}

void AddMethodFlags(CLI::App& command, SearchFlags& flags) {
  const std::vector<Choice<v1::Objective>> objectives = {{"accuracy", v1::OBJECTIVE_ACCURACY},
                                                         {"pareto", v1::OBJECTIVE_PARETO}};
  AddChoice(command, "--objective", flags.objective, objectives,
            "The best top-1, or the front of top-1, latency and SRAM")
      ->group(kGroup);
  const std::vector<Choice<v1::MeasurePolicy>> policies = {
      {"all", v1::MEASURE_POLICY_ALL}, {"confident-skip", v1::MEASURE_POLICY_CONFIDENT_SKIP}};
  AddChoice(command, "--measure", flags.measure, policies,
            "Measure all candidates, or skip those whose latency is predicted with confidence")
      ->group(kGroup);
  AddInteger(command, "--generations", flags.generations, 0, 10000, "Generations after the first")
      ->group(kGroup);
  AddInteger(command, "--population", flags.population, 2, 10000,
             "Candidates of the first generation; children and parents of later ones follow it")
      ->group(kGroup);
  AddNumber(command, "--epochs", flags.epochs, kFewestEpochs, kMostEpochs,
            "Passes over the training images for the super-network")
      ->group(kGroup);
  AddInteger(command, "--finalists", flags.finalists, 1, 16,
             "How many of the best are fine-tuned and quantized; the best of them wins")
      ->group(kGroup);
  command
      .add_option("--finetune-epochs", flags.finetune_epochs,
                  "Passes over the training images for each finalist; 0: none")
      ->check(CLI::Range(0.0, kMostEpochs))
      ->type_name("X")
      ->group(kGroup);
  // All its bits, as in a file; CLI11 alone would take -1 for the largest.
  command.add_option("--seed", flags.seed, "Seed of everything that is drawn")
      ->check([](const std::string& text) {
        uint64_t seed = 0;
        const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
        if (digits && absl::SimpleAtoi(text, &seed)) return std::string();
        return absl::StrFormat("is \"%s\", must be in [0, %d]", text,
                               std::numeric_limits<uint64_t>::max());
      })
      ->type_name("N")
      ->group(kGroup);
  command
      .add_option(
          "--supernet", flags.supernet,
          "Search in this super-network and train none: a checkpoint, or one uploaded before. Data "
          "set, classes, channels, width and resolution are its own: others are refused")
      ->type_name("FILE.blc|artifacts/SHA256")
      ->group(kGroup);
}

void OverrideDataset(const SearchFlags& flags, v1::SearchSpec* spec) {
  // Workers have other working folders than we.
  if (!flags.dataset.empty()) {
    spec->mutable_dataset()->set_path(std::filesystem::absolute(flags.dataset).string());
  }
  if (flags.dataset_kind != v1::DatasetSpec::KIND_UNSPECIFIED) {
    spec->mutable_dataset()->set_kind(flags.dataset_kind);
  }
  if (flags.skip_broken) spec->mutable_dataset()->set_on_broken(v1::DatasetSpec::SKIP);
  if (flags.classes) spec->mutable_space()->set_classes(*flags.classes);
  if (flags.channels) spec->mutable_space()->set_input_channels(*flags.channels);
}

void OverrideSpace(const SearchFlags& flags, v1::SearchSpec* spec) {
  if (!flags.width_mults.empty()) {
    spec->mutable_space_optimization()->mutable_width_mults()->Assign(flags.width_mults.begin(),
                                                                      flags.width_mults.end());
  }
  if (!flags.resolutions.empty()) {
    spec->mutable_space_optimization()->mutable_resolutions()->Assign(flags.resolutions.begin(),
                                                                      flags.resolutions.end());
  }
}

void OverrideEvolution(const SearchFlags& flags, v1::SearchSpec* spec) {
  if (flags.generations) spec->mutable_evolution()->set_generations(*flags.generations);
  if (!flags.population) return;
  v1::EvolutionSpec over;
  over.set_population(*flags.population);
  ScaleEvolution(over, *spec->mutable_evolution());
  spec->mutable_evolution()->MergeFrom(over);
}

void OverrideTraining(const SearchFlags& flags, v1::SearchSpec* spec) {
  if (flags.epochs > 0) {
    // The warm-up keeps its share: it may not be longer than all.
    v1::TrainingSpec& training = *spec->mutable_supernet_training();
    if (training.epochs() > 0) {
      training.set_warmup_epochs(training.warmup_epochs() * flags.epochs / training.epochs());
    }
    training.set_epochs(flags.epochs);
  }
  if (flags.finalists) spec->mutable_specialization()->set_finalists(*flags.finalists);
  if (flags.finetune_epochs >= 0) {
    spec->mutable_specialization()->set_epochs(flags.finetune_epochs);
  }
}

void Override(const SearchFlags& flags, v1::SearchSpec* spec) {
  OverrideDataset(flags, spec);
  OverrideSpace(flags, spec);
  OverrideEvolution(flags, spec);
  OverrideTraining(flags, spec);
  if (!flags.board_type.empty()) spec->set_board_type(flags.board_type);
  if (flags.sram_bytes) spec->mutable_limits()->set_sram_bytes(*flags.sram_bytes);
  if (flags.flash_bytes) spec->mutable_limits()->set_flash_bytes(*flags.flash_bytes);
  if (flags.latency_ms > 0) spec->mutable_limits()->set_latency_ms(flags.latency_ms);
  if (flags.objective != v1::OBJECTIVE_UNSPECIFIED) spec->set_objective(flags.objective);
  if (flags.measure != v1::MEASURE_POLICY_UNSPECIFIED) spec->set_measure(flags.measure);
  if (flags.seed) spec->set_seed(*flags.seed);
}

absl::StatusOr<v1::Search> BaseSearch(const SearchFlags& flags) {
  const bool supernet = !flags.supernet.empty();
  if (!flags.file.empty()) return ReadSearchFile(flags.file, flags.preset, supernet);
  v1::Search search;
  BL_ASSIGN_OR_RETURN(*search.mutable_spec(),
                      SearchPreset(flags.preset.empty() ? "quick" : flags.preset));
  if (supernet) DropTraining(*search.mutable_spec());
  return search;
}

}  // namespace

void AddSearchFlags(CLI::App& command, SearchFlags& flags) {
  command.add_option("file", flags.file, "Search file; flags override it")
      ->type_name("FILE.yaml|FILE.json");
  std::vector<Choice<std::string>> presets;
  for (const std::string& name : SearchPresetNames()) presets.emplace_back(name, name);
  AddChoice(command, "--preset", flags.preset, presets,
            "Search to start from; file and flags are laid over it (default: quick without a file)")
      ->group(kGroup);
  command.add_option("--title", flags.title, "Title for people")->type_name("TEXT")->group(kGroup);
  AddDatasetFlags(command, flags);
  AddSpaceFlags(command, flags);
  AddLimitFlags(command, flags);
  AddMethodFlags(command, flags);
}

absl::StatusOr<v1::Search> SearchFromFlags(const SearchFlags& flags) {
  BL_ASSIGN_OR_RETURN(v1::Search search, BaseSearch(flags));
  Override(flags, search.mutable_spec());
  if (!flags.title.empty()) search.set_display_name(flags.title);
  return search;
}

}  // namespace boardloop
