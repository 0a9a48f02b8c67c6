#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"

namespace boardloop::report {
namespace {

// What one generation came to.
struct Generation {
  int64_t candidates = 0, feasible = 0, infeasible = 0, failed = 0;
  std::optional<double> best;  // Of its feasible ones.
};

using Generations = std::map<int32_t, Generation>;

Generations Summarize(const std::vector<v1::Candidate>& candidates) {
  Generations generations;
  for (const v1::Candidate& candidate : candidates) {
    Generation& generation = generations[candidate.generation()];
    ++generation.candidates;
    if (candidate.state() == v1::Candidate::INFEASIBLE) ++generation.infeasible;
    if (candidate.state() == v1::Candidate::FAILED) ++generation.failed;
    if (candidate.state() != v1::Candidate::FEASIBLE) continue;
    ++generation.feasible;
    if (const std::optional<double> top1 = KnownTop1(candidate)) {
      generation.best = std::max(generation.best.value_or(0), *top1);
    }
  }
  return generations;
}

// The candidates of a generation side by side, in the order of creation.
std::map<const v1::Candidate*, double> Positions(const std::vector<DrawnCandidate>& drawn) {
  std::map<int32_t, int64_t> count;
  for (const DrawnCandidate& one : drawn) ++count[one.candidate->generation()];
  std::map<int32_t, int64_t> seen;
  std::map<const v1::Candidate*, double> positions;
  for (const DrawnCandidate& one : drawn) {
    const int32_t generation = one.candidate->generation();
    const double share =
        (static_cast<double>(seen[generation]++) + 0.5) / static_cast<double>(count[generation]);
    positions[one.candidate] = generation + (share - 0.5) * 0.8;
  }
  return positions;
}

struct Range {
  double low = 0, high = 0;
};

// Of all top-1 in percent, with room below for those that were not scored.
Range Top1Range(const std::vector<DrawnCandidate>& drawn) {
  Range range{100, 0};
  for (const DrawnCandidate& one : drawn) {
    const std::optional<double> top1 = KnownTop1(*one.candidate);
    if (!top1) continue;
    range.low = std::min(range.low, *top1 * 100);
    range.high = std::max(range.high, *top1 * 100);
  }
  if (range.high < range.low) return {0, 100};
  const double pad = std::max(0.5, (range.high - range.low) * 0.06);
  return {range.low - 2.2 * pad, range.high + pad};
}

PlotAxis GenerationAxis(int32_t last, bool narrow) {
  PlotAxis axis;
  axis.title = "generation";
  axis.low = -0.5;
  axis.high = last + 0.5;
  axis.grid = false;
  const int32_t step = std::max(1, (last + 1) / (narrow ? 8 : 16));
  for (int32_t i = 0; i <= last; i += step) {
    axis.ticks.push_back(i);
    axis.labels.push_back(FormatInteger(i));
  }
  return axis;
}

void DrawMark(const DrawnCandidate& one, const Facts& facts, Point at, Svg* svg) {
  const std::string mark = CandidateMark(one.number);
  if (one.candidate == facts.winner) {
    svg->Circle(at, 6.5, "m winner", mark);
  } else if (one.candidate->state() == v1::Candidate::FEASIBLE) {
    svg->Circle(at, 3, "m feasible", mark);
  } else {
    const bool infeasible = one.candidate->state() == v1::Candidate::INFEASIBLE;
    svg->Cross(at, 3, infeasible ? "m infeasible" : "m unknown", mark);
  }
}

void DrawBest(const Generations& generations, Plot* plot) {
  std::vector<Point> points;
  std::optional<double> best;
  for (const auto& [number, generation] : generations) {
    if (generation.best) best = std::max(best.value_or(0), *generation.best);
    if (!best) continue;
    points.push_back(plot->At(number - 0.5, *best * 100));
    points.push_back(plot->At(number + 0.5, *best * 100));
  }
  plot->svg().Polyline(points, "best");
}

std::string Draw(const Canvas& canvas, const Facts& facts, const std::vector<DrawnCandidate>& drawn,
                 const Generations& generations) {
  const Range range = Top1Range(drawn);
  Plot plot(
      canvas, canvas.narrow ? 320 : 420, {},
      {canvas.narrow ? "evolution-n" : "evolution-w", "Top-1 of the candidates by generation",
       "Dots: feasible candidates; crosses: infeasible ones; line: the best feasible one so far."},
      GenerationAxis(std::max(0, generations.rbegin()->first), canvas.narrow),
      NumberAxis("validation top-1 (%)", range.low, range.high, canvas.narrow ? 5 : 7),
      "plot near");
  const std::map<const v1::Candidate*, double> positions = Positions(drawn);
  // Infeasible ones first, the winner last: what matters lies on top.
  for (const int layer : {0, 1, 2}) {
    if (layer == 2) DrawBest(generations, &plot);
    for (const DrawnCandidate& one : drawn) {
      const bool feasible = one.candidate->state() == v1::Candidate::FEASIBLE;
      const int its_layer = one.candidate == facts.winner ? 2 : feasible ? 1 : 0;
      if (its_layer != layer) continue;
      const double x = plot.X(positions.at(one.candidate));
      // Those that were not scored stand in a row at the bottom.
      const std::optional<double> top1 = KnownTop1(*one.candidate);
      const double y = top1 ? plot.Y(*top1 * 100) : plot.bottom() - 8;
      DrawMark(one, facts, {x, y}, &plot.svg());
    }
  }
  return std::move(plot).Finish();
}

std::string NumbersTable(const Generations& generations) {
  HtmlTable table("Candidates by generation", {{"generation", true},
                                               {"candidates", true},
                                               {"feasible", true},
                                               {"infeasible", true},
                                               {"failed", true},
                                               {"best top-1", true},
                                               {"best so far", true}});
  std::optional<double> best;
  const auto percent = [](const std::optional<double>& top1) {
    return top1 ? absl::StrFormat("%.2f%%", *top1 * 100) : std::string("-");
  };
  for (const auto& [number, generation] : generations) {
    if (generation.best) best = std::max(best.value_or(0), *generation.best);
    table.AddRow({FormatInteger(number), FormatInteger(generation.candidates),
                  FormatInteger(generation.feasible), FormatInteger(generation.infeasible),
                  FormatInteger(generation.failed), percent(generation.best), percent(best)});
  }
  return table.Html();
}

}  // namespace

std::string EvolutionFigure(const SearchReport& report, const Facts& facts,
                            const std::vector<DrawnCandidate>& drawn) {
  if (report.candidates.empty()) return Paragraph("The search ended before it had any candidate.");
  const Generations generations = Summarize(report.candidates);
  std::string text = absl::StrFormat(
      "%s candidates in %s generations, scored with the weights of the super-network on the "
      "validation "
      "split: %s feasible, %s infeasible, %s without an answer. Crosses in the row at the bottom "
      "were "
      "not scored.",
      FormatInteger(static_cast<int64_t>(report.candidates.size())),
      FormatInteger(static_cast<int64_t>(generations.size())), FormatInteger(facts.feasible),
      FormatInteger(facts.infeasible), FormatInteger(facts.failed));
  if (facts.feasible == 0) text += " None was within all limits, so there is no best one.";
  const std::string legend = Legend({{Swatch::kDot, "feasible", "feasible"},
                                     {Swatch::kCross, "infeasible", "infeasible"},
                                     {Swatch::kCross, "unknown", "no answer"},
                                     {Swatch::kLine, "best", "best so far"},
                                     {Swatch::kDot, "winner", "winner"}});
  return absl::StrCat(Paragraph(text + DrawnNote(report, drawn)),
                      Drawing(legend, Draw(kWide, facts, drawn, generations),
                              Draw(kNarrow, facts, drawn, generations)),
                      Details("Generations in numbers", NumbersTable(generations)));
}

}  // namespace boardloop::report
