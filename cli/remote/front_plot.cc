#include "cli/remote/front_plot.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/plot.h"
#include "cli/remote/format.h"

namespace boardloop {
namespace {

constexpr int32_t kWidth = 820;
constexpr int32_t kHeight = 520;

bool HasPoint(const v1::Candidate& candidate) {
  return candidate.has_top1() &&
         (candidate.has_latency_ms() || candidate.has_predicted_latency_ms());
}

double LatencyMs(const v1::Candidate& candidate) {
  return candidate.has_latency_ms() ? candidate.latency_ms() : candidate.predicted_latency_ms();
}

// Rows "latency top-1 SRAM", by latency: in ms, %, kB. gnuplot needs at least one.
std::string Data(const std::string& name, const Candidates& candidates) {
  std::vector<const v1::Candidate*> points;
  for (const v1::Candidate& candidate : candidates) {
    if (HasPoint(candidate)) points.push_back(&candidate);
  }
  std::sort(points.begin(), points.end(),
            [](const auto* a, const auto* b) { return LatencyMs(*a) < LatencyMs(*b); });
  std::string data = absl::StrCat("$", name, " << END\n");
  for (const v1::Candidate* point : points) {
    absl::StrAppendFormat(&data, "%.6g %.6g %.6g\n", LatencyMs(*point), point->top1() * 100,
                          static_cast<double>(point->planned_sram_bytes()) / 1024);
  }
  if (points.empty()) data += "NaN NaN NaN\n";
  return data + "END\n";
}

std::string Top1Label(double top1) { return absl::StrFormat("%.1f %%", top1 * 100); }

}  // namespace

std::string FrontFigure(const std::string& title, const Candidates& front,
                        const Candidates& others) {
  return absl::StrCat(
      GnuplotPreamble(kWidth, kHeight), Data("front", front), Data("others", others), "set title ",
      GnuplotQuote(title), "\n",
      "set xlabel 'latency in ms'\n"
      "set ylabel 'validation top-1 in %'\n"
      "set cblabel 'SRAM in kB'\n"
      "set palette defined (0 '",
      colour::kSky, "', 1 '", colour::kBlue, "')\n",
      "set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05\n"
      "set key bottom right\n"
      "plot $others using 1:2 with points pointtype 7 pointsize 0.4 linecolor rgb '",
      colour::kMuted, "' title 'other candidates', ",
      "$front using 1:2 with fsteps linecolor rgb '", colour::kSky, "' notitle, ",
      "$front using 1:2:3 with points pointtype 7 pointsize 0.9 linecolor palette "
      "title 'Pareto front'\n");
}

std::vector<ScatterPoint> FrontPoints(const Candidates& front) {
  std::vector<ScatterPoint> points;
  for (const v1::Candidate& candidate : front) {
    if (HasPoint(candidate)) points.push_back({LatencyMs(candidate), candidate.top1(), true});
  }
  return points;
}

ScatterAxes FrontAxes() { return {LatencyText, Top1Label}; }

}  // namespace boardloop
