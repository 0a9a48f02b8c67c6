#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"
#include "server/report/step_name.h"

namespace boardloop::report {
namespace {

constexpr size_t kMaxNameLength = 16;
// A limit that is more than so many times the highest bar would flatten all bars: it is only named.
constexpr int64_t kMaxLimitToBars = 3;

double Kb(int64_t bytes) { return static_cast<double>(bytes) / 1024; }

int64_t StepBytes(const Step& step) { return step.live_bytes + step.scratch_bytes; }

std::string Tip(const Graph& graph, const Step& step, size_t index) {
  std::string text = absl::StrFormat("%s (step %d)", step.name, index + 1);
  int64_t macs = 0;
  for (const int32_t op : step.ops) {
    const Op& one = graph.ops[op];
    macs += Macs(graph, one);
    absl::StrAppend(&text, "\n", OpKindName(one.kind), " ", graph.input_shape(one).ToString(),
                    " → ", graph.output_shape(one).ToString());
  }
  absl::StrAppend(&text, "\nactivations ", FormatInteger(step.live_bytes), " B\nkernel scratch ",
                  FormatInteger(step.scratch_bytes), " B\ntogether ", FormatKb(StepBytes(step)),
                  "\n", FormatInteger(macs), " MACs");
  if (step.in_patch) text += "\npatch by patch";
  return text;
}

class SramDrawing {
 public:
  SramDrawing(const PlannedNetwork& network, int64_t limit) : network_(network), limit_(limit) {
    for (const Step& step : network.plan.steps) highest_ = std::max(highest_, StepBytes(step));
    highest_ = std::max(highest_, network.plan.peak_sram_bytes);
  }

  bool ShowsLimit() const { return limit_ > 0 && limit_ <= kMaxLimitToBars * highest_; }

  std::string Draw(const Canvas& canvas) const {
    const std::vector<Step>& steps = network_.plan.steps;
    Margins margins;
    margins.bottom = 124;
    margins.top = 24;
    PlotAxis x;
    x.title = "step, in order of execution";
    x.high = static_cast<double>(std::max<size_t>(steps.size(), 1));
    x.title_offset = 116;
    const int64_t top = ShowsLimit() ? std::max(highest_, limit_) : highest_;
    Plot plot(
        canvas, canvas.narrow ? 370 : 430, margins,
        {canvas.narrow ? "sram-n" : "sram-w", "SRAM at each step of the network",
         "Columns: bytes of activations and kernel scratch that are alive while a step runs."},
        x, NumberAxis("SRAM (kB)", 0, Kb(top) * 1.06, canvas.narrow ? 5 : 6));
    for (size_t i = 0; i < steps.size(); ++i) DrawStep(steps[i], i, &plot);
    DrawNames(canvas, &plot);
    DrawLines(&plot);
    return std::move(plot).Finish();
  }

 private:
  void DrawStep(const Step& step, size_t index, Plot* plot) const {
    const auto at = static_cast<double>(index);
    const double left = plot->X(at + 0.14);
    const double width = plot->X(at + 0.86) - left;
    const double live = plot->Y(Kb(step.live_bytes));
    const double all = plot->Y(Kb(StepBytes(step)));
    plot->svg().Rect({left, live}, width, plot->bottom() - live,
                     step.in_patch ? "fill-green" : "fill-blue");
    plot->svg().Rect({left, all}, width, live - all, "fill-orange");
    // The whole column answers, however short its bar is.
    plot->svg().Rect({plot->X(at), plot->top()}, plot->X(at + 1) - plot->X(at),
                     plot->bottom() - plot->top(), "m hit",
                     Attribute("data-tip", Tip(network_.graph, step, index)));
  }

  void DrawNames(const Canvas& canvas, Plot* plot) const {
    const std::vector<Step>& steps = network_.plan.steps;
    if (steps.empty()) return;
    const double pixels = canvas.width - (plot->left() + canvas.width - plot->right());
    const auto every = static_cast<size_t>(
        std::max(1.0, 13.0 * static_cast<double>(steps.size()) / pixels + 0.999));
    for (size_t i = 0; i < steps.size(); i += every) {
      const double x = plot->X(static_cast<double>(i) + 0.5);
      plot->svg().Text({x + 3, plot->bottom() + 9}, ShortStepName(steps[i].name, kMaxNameLength),
                       "small", Anchor::kEnd, -60);
    }
  }

  void DrawLines(Plot* plot) const {
    const double peak = plot->Y(Kb(network_.plan.peak_sram_bytes));
    plot->svg().Line({plot->left(), peak}, {plot->right(), peak}, "peak");
    if (ShowsLimit()) plot->LimitAtY(Kb(limit_), "limit " + FormatKb(limit_));
  }

  const PlannedNetwork& network_;
  int64_t limit_;
  int64_t highest_ = 1;
};

std::string NumbersTable(const PlannedNetwork& network) {
  HtmlTable table("SRAM by step", {{"step", true},
                                   {"name"},
                                   {"operator"},
                                   {"activations (B)", true},
                                   {"scratch (B)", true},
                                   {"together (kB)", true},
                                   {"patch"}});
  const std::vector<Step>& steps = network.plan.steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string kind;
    for (const int32_t op : steps[i].ops) {
      absl::StrAppend(&kind, kind.empty() ? "" : " + ", OpKindName(network.graph.ops[op].kind));
    }
    table.AddRow({FormatInteger(static_cast<int64_t>(i) + 1), steps[i].name, kind,
                  FormatInteger(steps[i].live_bytes), FormatInteger(steps[i].scratch_bytes),
                  FormatDecimal(Kb(StepBytes(steps[i])), 1), steps[i].in_patch ? "yes" : ""});
  }
  return table.Html();
}

std::string PatchText(const PlannedNetwork& network) {
  const PatchPlan& patch = network.plan.patch;
  if (patch.grid <= 1) return " The network runs layer by layer.";
  return absl::StrFormat(
      " The first %d blocks run patch by patch, over %d x %d tiles; with their halos the network "
      "has %s "
      "MACs.",
      patch.blocks, patch.grid, patch.grid, FormatInteger(patch.macs));
}

}  // namespace

std::string SramFigure(const SearchReport& report) {
  if (!report.network || report.network->plan.steps.empty()) {
    return Paragraph("There is no winner whose plan could be drawn.");
  }
  const PlannedNetwork& network = *report.network;
  const int64_t limit = report.search.limits().sram_bytes();
  const SramDrawing drawing(network, limit);
  std::string text = absl::StrFormat(
      "What is alive in the arena while each step runs, as planned. The arena in the firmware has "
      "%s; no "
      "placement of these steps can be smaller than %s. The input is %s.",
      FormatKb(network.plan.peak_sram_bytes), FormatKb(network.plan.lower_bound_bytes),
      network.plan.input == InputMode::kResident ? "resident" : "streamed");
  text += PatchText(network);
  if (limit > 0 && !drawing.ShowsLimit()) {
    text += absl::StrFormat(" The limit, %s, lies above the drawing.", FormatKb(limit));
  }
  std::vector<LegendEntry> legend = {{Swatch::kBox, "fill-blue", "activations"}};
  if (network.plan.patch.grid > 1) {
    legend.push_back({Swatch::kBox, "fill-green", "activations, patch stage"});
  }
  legend.push_back({Swatch::kBox, "fill-orange", "kernel scratch"});
  legend.push_back({Swatch::kLine, "peak", "arena in the firmware"});
  if (drawing.ShowsLimit()) legend.push_back({Swatch::kLine, "limit", "limit"});
  return absl::StrCat(Paragraph(text),
                      Drawing(Legend(legend), drawing.Draw(kWide), drawing.Draw(kNarrow)),
                      Details("Steps in numbers", NumbersTable(network)));
}

}  // namespace boardloop::report
