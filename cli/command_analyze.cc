// boardloop analyze: what a network costs, and where its SRAM goes.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/analysis.h"
#include "cli/command.h"
#include "cli/figures.h"
#include "cli/load_network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "cli/size.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "core/space/network_limits.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

struct AnalyzeFlags {
  std::vector<std::string> networks;
  std::string space;
  std::string board;
  bool patch = true;
  double patch_max_macs = PlanOptions().patch_max_macs;
  std::optional<int64_t> sram_limit;
  std::optional<int64_t> flash_limit;
  InputMode input = InputMode::kResident;
  bool check = false;
  bool layers = false;
  bool json = false;
  std::string plot;
};

constexpr char kHelp[] = "Counts MACs, parameters and flash of networks and plans their SRAM";

constexpr char kNotes[] =
    R"(NET is one of
  a name         resnet18, resnet50, mobilenet_v2, proxyless_mobile or mnasnet_a1, with keys as in
                 mobilenet_v2:width=0.35,res=144,classes=2; or mcunet_vww1, mcunet_in3
  FILE.json      a subnet (see boardloop subnet)
  FILE.tflite    an int8 model; also FILE.blm
  subnet text    "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | ..." (see boardloop subnet --text)

Without an SRAM limit, patches take the least SRAM for at most --patch-max-macs extra MACs; with
one, the fewest extra MACs that meet it. A network that misses a limit is a result: the table and
the JSON say so, and the exit code is 0 unless --check is given.

BYTES: 262144, 256K, 256kB and 256KiB are the same; K, M and G are powers of 1024.
SHARE: 15% or 0.15.

Examples:
  boardloop analyze mobilenet_v2 mcunet_in3 --input streamed
  boardloop analyze model.tflite --board stm32f746 --check
  boardloop analyze mcunet_in3 --sram-limit 192K --plot sram.svg
)";

// The limits of --board, each replaced by that of its own flag.
absl::StatusOr<AnalysisOptions> OptionsFrom(const AnalyzeFlags& flags) {
  AnalysisOptions options;
  options.plan.patch = flags.patch;
  options.plan.patch_max_macs = flags.patch_max_macs;
  options.plan.input = flags.input;
  if (!flags.board.empty()) {
    BL_ASSIGN_OR_RETURN(const BoardType board, LoadBoardType(flags.board));
    options.plan.regions = board.ArenaRegions();
    const SpaceLimits limits = NetworkLimits(board);
    options.plan.sram_limit = limits.sram_bytes;
    options.flash_limit = limits.flash_bytes;
  }
  if (flags.sram_limit) {
    options.plan.sram_limit = flags.sram_limit;
    options.plan.regions.clear();
  }
  if (flags.flash_limit) options.flash_limit = flags.flash_limit;
  return options;
}

std::string LimitText(const AnalysisOptions& options) {
  std::string text;
  if (options.plan.sram_limit) {
    absl::StrAppend(&text, "SRAM for the network: ", FormatKb(*options.plan.sram_limit),
                    RegionsText(options.plan.regions), ". ");
  }
  if (options.flash_limit) {
    absl::StrAppend(&text, "Flash for the network: ", FormatKb(*options.flash_limit), ". ");
  }
  return text;
}

std::string Tables(const std::vector<Analysis>& analyses, const AnalyzeFlags& flags) {
  std::string text = SummaryTable(analyses).Text();
  absl::StrAppendFormat(&text,
                        "\n%sInput %s. kB = 1024 bytes; SRAM is for int8 activations and kernel "
                        "scratch, without stack.\n\nPeak SRAM as others count it "
                        "(docs/glossary.md):\n",
                        LimitText(analyses.front().options), InputModeName(flags.input));
  text += RulesTable(analyses).Text();
  if (!flags.layers) return text;
  for (const Analysis& analysis : analyses) {
    absl::StrAppend(&text, "\nSteps of ", analysis.name, ":\n", StepTable(analysis.plan).Text());
  }
  return text;
}

std::string Json(const std::vector<Analysis>& analyses) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Analysis& analysis : analyses) array.push_back(ToJson(analysis));
  return JsonText(array);
}

std::string PlotTitle(const Analysis& analysis) {
  return absl::StrFormat("SRAM of %s, %s: peak %s, input %s", analysis.name,
                         PatchText(analysis.plan.patch), FormatKb(analysis.plan.peak_sram_bytes),
                         InputModeName(analysis.plan.input));
}

absl::StatusOr<ExitCode> RunAnalyze(const AnalyzeFlags& flags) {
  if (!flags.plot.empty() && flags.networks.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--plot draws one network, %d are given", flags.networks.size()));
  }
  if (!flags.space.empty() &&
      std::none_of(flags.networks.begin(), flags.networks.end(), IsSubnet)) {
    return absl::InvalidArgumentError("--space is for subnets, and none is given");
  }
  BL_ASSIGN_OR_RETURN(const AnalysisOptions options, OptionsFrom(flags));
  if (flags.check && !options.plan.sram_limit && !options.flash_limit) {
    return absl::InvalidArgumentError("--check needs --sram-limit, --flash-limit or --board");
  }
  std::vector<Analysis> analyses;
  for (const std::string& name : flags.networks) {
    BL_ASSIGN_OR_RETURN(const Graph graph, LoadNetwork(name, flags.space));
    absl::StatusOr<Analysis> analysis = Analyze(graph, options);
    if (!analysis.ok()) return Annotate(analysis.status(), name);
    analyses.push_back(*std::move(analysis));
  }
  if (!flags.plot.empty()) {
    const Analysis& only = analyses.front();
    BL_RETURN_IF_ERROR(WriteSvg(
        LayerSramFigure(PlotTitle(only), only.plan, only.layer_by_layer, options.plan.sram_limit),
        flags.plot));
  }
  BL_RETURN_IF_ERROR(WriteResults(flags.json ? Json(analyses) : Tables(analyses, flags)));
  for (const Analysis& analysis : analyses) {
    if (flags.check && !analysis.fits()) return ExitCode::kDoesNotFit;
  }
  return ExitCode::kOk;
}

}  // namespace

void AddAnalyzeCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("analyze", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<AnalyzeFlags>();
  command.add_option("NET", flags->networks, "Networks")->required()->type_name("");
  command.add_option("--space", flags->space, "Space of the subnets, when it is not a preset")
      ->type_name("FILE.json");
  AddBoard(command, flags->board, "Take the limits from a board type");
  AddSize(command, "--sram-limit", flags->sram_limit, "SRAM that the network may use");
  AddSize(command, "--flash-limit", flags->flash_limit, "Flash that its weights may use");
  AddChoice(command, "--patch", flags->patch, {{"auto", true}, {"off", false}},
            "Patch-based execution of the first blocks");
  AddShare(command, "--patch-max-macs", flags->patch_max_macs,
           "Extra MACs that patches may cost when there is no SRAM limit");
  AddInputMode(command, flags->input);
  command.add_flag("--layers", flags->layers, "Also print the SRAM of each step");
  command.add_flag("--check", flags->check, "Exit with code 3 when a network misses a limit");
  AddJson(command, flags->json);
  AddPlot(command, flags->plot, "Draw the SRAM of each step (one network)");
  command.callback([flags, &action] { action = [flags] { return RunAnalyze(*flags); }; });
}

}  // namespace boardloop
