#include "cli/figures.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/plot.h"
#include "cli/size.h"
#include "core/base/text.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

double Kb(int64_t bytes) { return static_cast<double>(bytes) / 1024; }

int64_t StepBytes(const Step& step) { return step.live_bytes + step.scratch_bytes; }

// ---- SRAM per step.

constexpr size_t kMaxNamedSteps = 150;
constexpr size_t kMaxNameLength = 28;
constexpr int64_t kMaxLimitToBars = 3;

// Bytes that `plan` needs while it runs each operator.
std::map<int32_t, int64_t> BytesByOp(const Plan& plan) {
  std::map<int32_t, int64_t> bytes;
  for (const Step& step : plan.steps) {
    for (const int32_t op : step.ops) bytes[op] = StepBytes(step);
  }
  return bytes;
}

// Rows "x activations scratch-on-top layer-by-layer in-patch", in kB.
std::string StepData(const Plan& plan, const Plan& layer_by_layer) {
  const std::map<int32_t, int64_t> reference = BytesByOp(layer_by_layer);
  std::string data = "$steps << END\n";
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    int64_t without_patches = 0;
    for (const int32_t op : step.ops) {
      const auto bytes = reference.find(op);
      if (bytes != reference.end()) without_patches = std::max(without_patches, bytes->second);
    }
    absl::StrAppendFormat(&data, "%d %.3f %.3f %.3f %d\n", i, Kb(step.live_bytes),
                          Kb(StepBytes(step)), Kb(without_patches), step.in_patch ? 1 : 0);
  }
  return data + "END\n";
}

std::string StepTics(const Plan& plan) {
  if (plan.steps.size() > kMaxNamedSteps) return "set xlabel 'step'\n";
  std::string tics = "set xtics rotate by 60 right font ',10' (";
  size_t longest = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    std::string name = plan.steps[i].name;
    if (name.size() > kMaxNameLength) {
      name = ".." + name.substr(name.size() - (kMaxNameLength - 2));
    }
    longest = std::max(longest, name.size());
    absl::StrAppendFormat(&tics, "%s%s %d", i == 0 ? "" : ", ", GnuplotTicLabel(name), i);
  }
  // gnuplot makes room for unrotated labels; a quarter of a line per character is what these take.
  return absl::StrFormat("%s)\nset bmargin %g\n", tics, 2 + static_cast<double>(longest) / 4);
}

std::string LimitLine(double limit_kb, double right) {
  return absl::StrFormat(
      "set arrow from graph 0, first %g to graph 1, first %g nohead front linecolor rgb '%s' "
      "linewidth 1.6 dashtype 2\n"
      "set label %s at %g, %g right offset 0,0.6 front textcolor rgb '%s'\n",
      limit_kb, limit_kb, colour::kRed, GnuplotQuote(absl::StrFormat("limit %g kB", limit_kb)),
      right, limit_kb, colour::kRed);
}

// A limit far above the bars would flatten them: it is named instead of drawn.
std::string LimitNote(double limit_kb) {
  return absl::StrFormat(
      "set label %s at graph 1, graph 0.97 right front textcolor rgb '%s'\n",
      GnuplotQuote(absl::StrFormat("the limit, %g kB, is above this picture", limit_kb)),
      colour::kRed);
}

// ---- CDF of spaces.

constexpr int kMaxCurvePoints = 200;

// Best first; the winner gets the strongest colour.
constexpr const char* kCurveColours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9",
                                         "#d55e00", "#8c6bb1", "#7f7f7f", "#332288", "#a65628"};

// Rows "millions-of-MACs percent" of a step function, thinned evenly.
std::string CurveData(const std::vector<int64_t>& macs, size_t index) {
  const int64_t n = static_cast<int64_t>(macs.size());
  const int64_t points = std::min<int64_t>(n, kMaxCurvePoints);
  std::string data =
      absl::StrFormat("$curve%d << END\n%.4f 0\n", index, static_cast<double>(macs[0]) / 1e6);
  for (int64_t i = 1; i <= points; ++i) {
    const int64_t below = n * i / points;  // Networks up to and including this one.
    absl::StrAppendFormat(&data, "%.4f %.3f\n", static_cast<double>(macs[below - 1]) / 1e6,
                          100.0 * static_cast<double>(below) / static_cast<double>(n));
  }
  return data + "END\n";
}

// Where the curve is at its mean.
double PercentAt(const std::vector<int64_t>& macs, double x) {
  const auto below = std::upper_bound(macs.begin(), macs.end(), static_cast<int64_t>(x));
  return 100.0 * static_cast<double>(below - macs.begin()) / static_cast<double>(macs.size());
}

// ---- Bars.

std::string BarData(const BarPanel& panel, size_t index) {
  std::string data = absl::StrFormat("$bars%d << END\n", index);
  for (size_t i = 0; i < panel.bars.size(); ++i) {
    absl::StrAppendFormat(&data, "%.6g %d %d\n", panel.bars[i].value, i,
                          panel.bars[i].ours ? 1 : 0);
  }
  return data + "END\n";
}

std::string BarPanelScript(const BarPanel& panel, size_t index) {
  double largest = panel.limit.value_or(0);
  for (const Bar& bar : panel.bars) largest = std::max(largest, bar.value);
  const size_t n = panel.bars.size();
  std::string script = absl::StrFormat(
      "unset label\nunset arrow\n"
      "set title %s\nset xlabel %s textcolor rgb '%s'\n"
      // Room on the right for the annotation of the longest bar; the first bar is on top.
      "set xrange [0:%g]\nset yrange [%g:-0.9]\n",
      GnuplotQuote(panel.title), GnuplotQuote(panel.axis), colour::kInk, largest * 1.45,
      static_cast<double>(n) - 0.4);
  script += "set ytics scale 0 (";
  for (size_t i = 0; i < n; ++i) {
    absl::StrAppendFormat(&script, "%s%s %d", i == 0 ? "" : ", ",
                          GnuplotTicLabel(panel.bars[i].label), i);
  }
  script += ")\n";
  for (size_t i = 0; i < n; ++i) {
    // Not across the limit line: the annotation of a bar that ends before it stands behind it.
    const double end = std::max(panel.bars[i].value, panel.limit.value_or(0));
    absl::StrAppendFormat(&script, "set label %s at %g, %d left offset 0.8,0 textcolor rgb '%s'\n",
                          GnuplotQuote(panel.bars[i].annotation), end, i, colour::kInk);
  }
  if (panel.limit) {
    absl::StrAppendFormat(
        &script,
        "set arrow from %g, graph 0 to %g, graph 1 nohead front linecolor rgb '%s' linewidth 1.6 "
        "dashtype 2\n"
        "set label %s at %g, -0.7 left offset 0.8,0 textcolor rgb '%s'\n",
        *panel.limit, *panel.limit, colour::kRed, GnuplotQuote(panel.limit_label), *panel.limit,
        colour::kRed);
  }
  for (const auto& [ours, fill] :
       {std::pair<int, const char*>{0, colour::kMuted}, {1, colour::kBlue}}) {
    absl::StrAppendFormat(&script,
                          "%s $bars%d using (0):2:(0):($3 == %d ? $1 : NaN):($2-0.3):($2+0.3) with "
                          "boxxyerror fillcolor rgb '%s' notitle%s",
                          ours == 0 ? "plot" : "    ", index, ours, fill,
                          ours == 0 ? ", \\\n" : "\n");
  }
  return script;
}

}  // namespace

std::string LayerSramFigure(const std::string& title, const Plan& plan, const Plan& layer_by_layer,
                            std::optional<int64_t> sram_limit) {
  const auto steps = static_cast<double>(plan.steps.size());
  const bool patched = plan.patch.grid > 1;
  const int64_t bars = std::max(plan.peak_sram_bytes, patched ? layer_by_layer.peak_sram_bytes : 0);
  const bool draw_limit = sram_limit && *sram_limit <= kMaxLimitToBars * bars;
  const auto width = static_cast<int32_t>(std::clamp(140 + 17 * steps, 760.0, 2600.0));
  std::string script = GnuplotPreamble(width, 520);
  absl::StrAppendFormat(
      &script,
      "set title %s offset 0,2.4\nset tmargin 6\n"
      "set ylabel 'SRAM (kB = 1024 bytes)' textcolor rgb '%s'\n"
      "set style fill solid 1 noborder\n"
      "set key at graph 0.5, graph 1.01 center bottom horizontal Left reverse samplen 1.5\n"
      "set xrange [-0.8:%g]\nset yrange [0:%g]\n%s",
      GnuplotQuote(title), colour::kInk, steps - 0.2,
      Kb(draw_limit ? std::max(bars, *sram_limit) : bars) * 1.08, StepTics(plan));
  if (draw_limit) script += LimitLine(Kb(*sram_limit), steps - 0.3);
  if (sram_limit && !draw_limit) script += LimitNote(Kb(*sram_limit));
  script += StepData(plan, layer_by_layer);
  script += "plot ";
  if (patched) {
    absl::StrAppendFormat(&script,
                          "$steps using 1:4:(0.96) with boxes fillcolor rgb '%s' title "
                          "'the same layer by layer', \\\n    ",
                          colour::kGrid);
  }
  absl::StrAppendFormat(&script,
                        "$steps using 1:3:(0.7) with boxes fillcolor rgb '%s' title 'kernel "
                        "scratch', \\\n    "
                        "$steps using 1:($5 == 0 ? $2 : NaN):(0.7) with boxes fillcolor rgb '%s' "
                        "title 'activations'",
                        colour::kOrange, colour::kBlue);
  if (patched) {
    absl::StrAppendFormat(&script,
                          ", \\\n    $steps using 1:($5 == 1 ? $2 : NaN):(0.7) with boxes "
                          "fillcolor rgb '%s' title %s",
                          colour::kGreen,
                          GnuplotQuote(absl::StrFormat("activations, patch stage (%d x %d tiles)",
                                                       plan.patch.grid, plan.patch.grid)));
  }
  return script + "\n";
}

std::string SpaceCdfFigure(const std::string& title, const std::vector<SpaceStatistics>& spaces,
                           size_t count) {
  std::vector<SpaceStatistics> best = RankedSpaces(spaces);
  CHECK(!best.empty());
  best.resize(std::min({best.size(), count, std::size(kCurveColours)}));
  std::string script = GnuplotPreamble(860, 480);
  absl::StrAppendFormat(
      &script,
      "set title %s\nset xlabel 'MACs of a network that fits (millions)' textcolor rgb '%s'\n"
      "set ylabel 'networks with at most so many MACs (%%)' textcolor rgb '%s'\n"
      "set yrange [0:100]\nset key outside right center Left reverse samplen 2 spacing 1.25 "
      "title 'space: mean MACs' left\n",
      GnuplotQuote(title), colour::kInk, colour::kInk);
  for (size_t i = 0; i < best.size(); ++i) script += CurveData(best[i].macs, i);
  script += "plot ";
  // The best is drawn last, on top; keyentry lines keep the legend in order of rank.
  for (size_t i = best.size(); i-- > 0;) {
    absl::StrAppendFormat(&script,
                          "$curve%d with lines linewidth %g linecolor rgb '%s' notitle, \\\n    "
                          "'+' using (%.4f):(%.3f) every ::0::0 with points pointtype 7 pointsize "
                          "0.6 linecolor rgb '%s' notitle, \\\n    ",
                          i, i == 0 ? 3.0 : 1.6, kCurveColours[i], best[i].mean_macs / 1e6,
                          PercentAt(best[i].macs, best[i].mean_macs), kCurveColours[i]);
  }
  for (size_t i = 0; i < best.size(); ++i) {
    absl::StrAppendFormat(
        &script, "keyentry with lines linewidth %g linecolor rgb '%s' title %s%s",
        i == 0 ? 3.0 : 1.6, kCurveColours[i],
        GnuplotQuote(absl::StrCat(SpaceLabel(best[i]), ": ", FormatCount(best[i].mean_macs))),
        i + 1 < best.size() ? ", \\\n    " : "\n");
  }
  return script;
}

std::string BarFigure(const std::vector<BarPanel>& panels) {
  size_t bars = 0;
  int64_t label_width = 0;
  for (const BarPanel& panel : panels) {
    bars = std::max(bars, panel.bars.size());
    for (const Bar& bar : panel.bars) label_width = std::max(label_width, DisplayWidth(bar.label));
  }
  std::string script =
      GnuplotPreamble(panels.size() > 1 ? 980 : 860, static_cast<int32_t>(120 + 62 * bars));
  absl::StrAppendFormat(
      &script,
      "set border 1\nunset grid\nset grid xtics linestyle 100\nset style fill solid 1 noborder\n"
      "unset key\nset lmargin %d\nset rmargin 3\n",
      label_width + 2);
  for (size_t i = 0; i < panels.size(); ++i) script += BarData(panels[i], i);
  absl::StrAppendFormat(&script, "set multiplot layout 1,%d\n", panels.size());
  for (size_t i = 0; i < panels.size(); ++i) script += BarPanelScript(panels[i], i);
  return script + "unset multiplot\n";
}

std::string SpaceLabel(const SpaceStatistics& space) {
  return absl::StrFormat("w%g-r%d", space.width_mult, space.resolution);
}

std::vector<SpaceStatistics> RankedSpaces(const std::vector<SpaceStatistics>& spaces) {
  std::vector<SpaceStatistics> ranked;
  for (const SpaceStatistics& space : spaces) {
    if (space.rank > 0) ranked.push_back(space);
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const SpaceStatistics& a, const SpaceStatistics& b) { return a.rank < b.rank; });
  return ranked;
}

}  // namespace boardloop
