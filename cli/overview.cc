#include "cli/overview.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/analysis.h"
#include "cli/figures.h"
#include "cli/load_network.h"
#include "cli/options.h"
#include "cli/size.h"
#include "cli/space_report.h"
#include "core/base/status.h"
#include "core/space/network_limits.h"

namespace boardloop {
namespace {

constexpr char kMcunet[] = "mcunet_in3";
constexpr int kFloatBytes = 4;  // fp32 activations.

absl::StatusOr<Analysis> AnalyzeByName(const std::string& name, InputMode input) {
  BL_ASSIGN_OR_RETURN(const Graph graph, LoadNetwork(name, /*space=*/""));
  AnalysisOptions options;
  options.plan.input = input;
  return Analyze(graph, options);
}

double Ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

double Mb(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string FormatMb(int64_t bytes) { return absl::StrFormat("%.2f MB", Mb(bytes)); }

// ---- Parameters against peak activation.

constexpr char kParametersText[] =
    "MobileNetV2 with width 0.75 has %.1fx fewer parameters than ResNet-18, but %.1fx its "
    "peak activation; MCUNet's networks have less of both. int8, one byte per activation, "
    "counted by rule A: the largest input + output of a convolution, with the input of an "
    "inverted block kept during its depthwise convolution. ResNet-18 and MobileNetV2 take 224 "
    "pixels, MCUNet in3 takes 176.";

absl::StatusOr<OverviewSection> ParametersSection() {
  BL_ASSIGN_OR_RETURN(const Analysis resnet, AnalyzeByName("resnet18", InputMode::kResident));
  BL_ASSIGN_OR_RETURN(const Analysis mobilenet,
                      AnalyzeByName("mobilenet_v2:width=0.75", InputMode::kResident));
  BL_ASSIGN_OR_RETURN(const Analysis mcunet, AnalyzeByName(kMcunet, InputMode::kResident));
  const std::pair<const char*, const Analysis*> networks[] = {
      {"ResNet-18", &resnet}, {"MobileNetV2 0.75", &mobilenet}, {"MCUNet in3", &mcunet}};

  BarPanel params = {"Parameters", "millions", {}, std::nullopt, ""};
  BarPanel peak = {"Peak activation, int8", "MB (rule A)", {}, std::nullopt, ""};
  Table table({{"network", Align::kLeft}, {"params"}, {"MACs"}, {"peak activation (rule A)"}});
  for (const auto& [label, analysis] : networks) {
    const auto count = static_cast<double>(analysis->size.params);
    const bool ours = analysis == &mcunet;
    params.bars.push_back({label, count / 1e6, FormatCount(count), ours});
    peak.bars.push_back({label, Mb(analysis->rules.a), FormatMb(analysis->rules.a), ours});
    table.AddRow({label, FormatCount(count), FormatCount(static_cast<double>(analysis->size.macs)),
                  FormatKb(analysis->rules.a)});
  }
  const std::string text =
      absl::StrFormat(kParametersText, Ratio(resnet.size.params, mobilenet.size.params),
                      Ratio(mobilenet.rules.a, resnet.rules.a));
  return OverviewSection{"parameters.svg", "Few parameters do not make a small peak", text,
                         BarFigure({params, peak}), std::move(table)};
}

// ---- Peak memory against the board.

struct MemoryRow {
  std::string label;
  std::string rule;
  int64_t bytes = 0;
  bool ours = false;
};

// A network as our planner runs it with patches.
MemoryRow PatchedRow(const std::string& label, const Analysis& analysis) {
  const int32_t grid = analysis.plan.patch.grid;
  return {absl::StrFormat("%s, %d x %d patches", label, grid, grid),
          absl::StrFormat("our plan, input %s, %s more MACs", InputModeName(analysis.plan.input),
                          FormatShare(analysis.extra_macs())),
          analysis.plan.peak_sram_bytes, true};
}

absl::StatusOr<std::vector<MemoryRow>> MemoryRows() {
  BL_ASSIGN_OR_RETURN(const Analysis resnet, AnalyzeByName("resnet50", InputMode::kResident));
  BL_ASSIGN_OR_RETURN(const Analysis mobilenet,
                      AnalyzeByName("mobilenet_v2", InputMode::kStreamed));
  BL_ASSIGN_OR_RETURN(const Analysis mcunet, AnalyzeByName(kMcunet, InputMode::kResident));
  return std::vector<MemoryRow>{
      {"ResNet-50, fp32", "rule C x 4 bytes", resnet.rules.c * kFloatBytes},
      {"MobileNetV2, fp32", "rule A x 4 bytes", mobilenet.rules.a * kFloatBytes},
      {"MobileNetV2, int8", "rule A", mobilenet.rules.a},
      PatchedRow("MobileNetV2, int8", mobilenet),
      {"MCUNet in3, int8", "our plan, input resident, layer by layer",
       mcunet.layer_by_layer.peak_sram_bytes, true},
      PatchedRow("MCUNet in3, int8", mcunet),
  };
}

constexpr char kMemoryText[] =
    "Grey: as the MCUNet paper counts. ResNet-50 by rule C (input + output of a layer and all "
    "other live branches), MobileNetV2 by rule A (the largest input + output of a "
    "convolution, with the input of an inverted block kept during its depthwise convolution); "
    "fp32 takes 4 bytes per activation, int8 one. Blue: our plans of int8 networks, the arena "
    "that a program declares: activations and kernel scratch, with the whole input image "
    "where it is resident. The stack comes on top of each; weights lie in flash.";

absl::StatusOr<OverviewSection> MemorySection(const BoardType& board) {
  BL_ASSIGN_OR_RETURN(const std::vector<MemoryRow> rows, MemoryRows());
  const int64_t ram = board.RamBytes();
  const std::string ram_label = absl::StrCat(board.name, ": ", ram / 1024, " kB RAM");
  BarPanel panel = {"Peak activation memory", "MB", {}, Mb(ram), ram_label};
  Table table({{"network", Align::kLeft}, {"peak"}, {"of the RAM"}, {"counted by", Align::kLeft}});
  for (const MemoryRow& row : rows) {
    const double ratio = Ratio(row.bytes, ram);
    panel.bars.push_back({row.label, Mb(row.bytes),
                          absl::StrFormat("%s, %.1fx", FormatMb(row.bytes), ratio), row.ours});
    table.AddRow({row.label, FormatKb(row.bytes), absl::StrFormat("%.2fx", ratio), row.rule});
  }
  return OverviewSection{"peak-memory.svg", absl::StrCat("What fits the RAM of ", board.name),
                         kMemoryText, BarFigure({panel}), std::move(table)};
}

// ---- Spaces.

constexpr char kSpacesText[] =
    "%s networks were sampled from each of %d spaces (width multiplier, resolution) of %s "
    "with %d classes and planned layer by layer, input resident. Those that need at most %s "
    "of SRAM and %s of flash, which is what the board leaves a network, survive. Spaces where "
    "at least %s survive are ranked by the mean MACs of the survivors (the dots).";

absl::StatusOr<OverviewSection> SpacesSection(const BoardType& board,
                                              const OverviewOptions& options) {
  SpaceReport report;
  report.board = board.name;
  report.limits = NetworkLimits(board);
  report.options.plan.regions = board.ArenaRegions();
  BL_ASSIGN_OR_RETURN(report.space, SpacePreset("mbv2-imagenet"));
  report.space.set_classes(options.classes);
  report.options.plan.patch = false;
  report.options.samples = options.samples;
  report.options.seed = options.seed;
  report.options.threads = options.threads;
  report.options.progress = options.progress;
  BL_ASSIGN_OR_RETURN(report.result, OptimizeSpace(report.space, report.limits, report.options));
  if (RankedSpaces(report.result.spaces).empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "no space is good for ", board.name, ": too few networks fit. ", ClosestMissText(report)));
  }
  const std::string text = absl::StrFormat(
      kSpacesText, FormatInteger(options.samples), report.result.spaces.size(), report.space.name(),
      options.classes, FormatKb(report.limits.sram_bytes), FormatKb(report.limits.flash_bytes),
      FormatShare(report.options.min_survival_rate));
  return OverviewSection{"spaces.svg", absl::StrCat("The best search spaces for ", board.name),
                         text,
                         SpaceCdfFigure(SpaceCdfTitle(report), report.result.spaces, kBestRows),
                         SpaceTable(report, kBestRows)};
}

// ---- SRAM per step.

constexpr char kLayersText[] =
    "MCUNet in3 (%s MACs) by our plan, input resident. Layer by layer it needs %s; with "
    "patches (%s) %s, for %s more MACs: the first blocks are computed tile by tile, so that "
    "only a tile of their large activations exists at a time. The limit is what %s leaves a "
    "network.";

absl::StatusOr<OverviewSection> LayersSection(const BoardType& board) {
  BL_ASSIGN_OR_RETURN(const Analysis analysis, AnalyzeByName(kMcunet, InputMode::kResident));
  const std::string text = absl::StrFormat(
      kLayersText, FormatCount(static_cast<double>(analysis.size.macs)),
      FormatKb(analysis.layer_by_layer.peak_sram_bytes), PatchText(analysis.plan.patch),
      FormatKb(analysis.plan.peak_sram_bytes), FormatShare(analysis.extra_macs()), board.name);
  const std::string script =
      LayerSramFigure("SRAM of MCUNet in3, step by step", analysis.plan, analysis.layer_by_layer,
                      NetworkLimits(board).sram_bytes);
  return OverviewSection{"layers.svg", "Where the SRAM of an MCUNet network goes", text, script,
                         SummaryTable({analysis})};
}

}  // namespace

absl::StatusOr<std::vector<OverviewSection>> MakeOverview(const BoardType& board,
                                                          const OverviewOptions& options) {
  std::vector<OverviewSection> sections;
  const auto add = [&](absl::StatusOr<OverviewSection> section) {
    if (!section.ok()) return section.status();
    sections.push_back(*std::move(section));
    return absl::OkStatus();
  };
  BL_RETURN_IF_ERROR(add(ParametersSection()));
  BL_RETURN_IF_ERROR(add(MemorySection(board)));
  BL_RETURN_IF_ERROR(add(SpacesSection(board, options)));
  BL_RETURN_IF_ERROR(add(LayersSection(board)));
  return sections;
}

}  // namespace boardloop
