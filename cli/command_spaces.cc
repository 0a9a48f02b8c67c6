// boardloop spaces: which search space holds the largest networks that fit a board.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/figures.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/size.h"
#include "cli/space_report.h"
#include "core/base/status.h"
#include "core/space/network_limits.h"
#include "core/space/space_optimization.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

struct SpacesFlags {
  SpacesFlags() { optimization.plan.patch = false; }

  std::string board;
  std::optional<int64_t> sram;
  std::optional<int64_t> flash;
  std::string preset = "mbv2-imagenet";
  std::optional<int32_t> classes;
  std::optional<int32_t> input_channels;
  SpaceOptimizationOptions optimization;
  bool all = false;
  bool json = false;
  std::string plot;
};

constexpr char kHelp[] =
    "Ranks search spaces for a board by the size of their networks that fit it";

constexpr char kNotes[] =
    R"(Space optimization, the first stage of TinyNAS: for each pair of width multiplier and resolution,
samples networks, keeps those whose planned SRAM and flash fit, and ranks the pairs by the mean MACs
of those that are left. No training.

The limits are what the board type leaves for the network after its reserves for stack, data and
code, over all memories that may hold the arena. --sram-limit and --flash-limit replace them; with
both, --board may be left out.

BYTES: 262144, 256K, 256kB and 256KiB are the same; K, M and G are powers of 1024.
SHARE: 5% or 0.05.

Examples:
  boardloop spaces --board stm32f746 --plot spaces.svg
  boardloop spaces --sram-limit 256K --flash-limit 1M --classes 100 --samples 200
  boardloop spaces --board stm32f412 --preset my-space.json --patch --input streamed --json
)";

// The limits of --board, with every memory that may hold the arena, each replaced by its own flag.
absl::Status SetLimits(const SpacesFlags& flags, SpaceReport& report) {
  if (flags.board.empty() && !(flags.sram && flags.flash)) {
    return absl::InvalidArgumentError("give --board, or both --sram-limit and --flash-limit");
  }
  if (!flags.board.empty()) {
    BL_ASSIGN_OR_RETURN(const BoardType board, LoadBoardType(flags.board));
    report.limits = NetworkLimits(board);
    if (!flags.sram) report.options.plan.regions = board.ArenaRegions();
  }
  if (flags.sram) report.limits.sram_bytes = *flags.sram;
  if (flags.flash) report.limits.flash_bytes = *flags.flash;
  return absl::OkStatus();
}

absl::StatusOr<Space> SpaceFrom(const SpacesFlags& flags) {
  BL_ASSIGN_OR_RETURN(Space space, LoadSpace(flags.preset));
  if (flags.classes) space.set_classes(*flags.classes);
  if (flags.input_channels) space.set_input_channels(*flags.input_channels);
  BL_RETURN_IF_ERROR(ValidateSpace(space));
  return space;
}

absl::StatusOr<ExitCode> RunSpaces(const SpacesFlags& flags) {
  SpaceReport report;
  report.board = flags.board;
  report.options = flags.optimization;
  BL_RETURN_IF_ERROR(SetLimits(flags, report));
  BL_ASSIGN_OR_RETURN(report.space, SpaceFrom(flags));
  {
    Progress progress("networks");
    report.options.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
    BL_ASSIGN_OR_RETURN(report.result, OptimizeSpace(report.space, report.limits, report.options));
  }
  const bool ranked = !RankedSpaces(report.result.spaces).empty();
  if (!flags.plot.empty() && ranked) {
    BL_RETURN_IF_ERROR(WriteSvg(
        SpaceCdfFigure(SpaceCdfTitle(report), report.result.spaces, kBestRows), flags.plot));
  }
  BL_RETURN_IF_ERROR(
      WriteResults(flags.json ? JsonText(ToJson(report)) : SpaceReportText(report, flags.all)));
  if (!flags.plot.empty() && !ranked) {
    return absl::FailedPreconditionError(
        absl::StrCat("nothing to plot in ", flags.plot, ": no space is ranked"));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddSpacesCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("spaces", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<SpacesFlags>();
  SpaceOptimizationOptions& optimization = flags->optimization;
  AddBoard(command, flags->board, "Board type (see `boardloop board-types`)");
  AddSize(command, "--sram-limit", flags->sram, "SRAM for the network instead of the board's");
  AddSize(command, "--flash-limit", flags->flash, "Flash for the network instead of the board's");
  command.add_option("--preset", flags->preset, "Space: a preset or a space file")
      ->type_name("NAME|FILE.json")
      ->capture_default_str();
  AddInteger(command, "--classes", flags->classes, 1, 65536, "Classes instead of the space's");
  AddInteger(command, "--input-channels", flags->input_channels, 1, 64,
             "Input channels instead of the space's");
  AddSamples(command, optimization.samples);
  AddSeed(command, optimization.seed);
  AddShare(command, "--min-survival", optimization.min_survival_rate,
           "Share of the samples that must fit for a pair to be ranked");
  command.add_flag("--patch", optimization.plan.patch, "Plan with patches (slower)");
  AddInputMode(command, optimization.plan.input);
  AddThreads(command, optimization.threads);
  command.add_flag("--all", flags->all, "Print all pairs, not the best ten");
  AddJson(command, flags->json);
  AddPlot(command, flags->plot, "Draw the CDF of MACs of the best ten");
  command.callback([flags, &action] { action = [flags] { return RunSpaces(*flags); }; });
}

}  // namespace boardloop
