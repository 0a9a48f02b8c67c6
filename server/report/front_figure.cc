#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"

namespace boardloop::report {
namespace {

constexpr int kColours = 6;  // .sram0 to .sram5 in page.css.
constexpr size_t kShownRows = 25;

// SRAM in equal steps of round width, as colours.
struct ColourScale {
  double low_kb = 0;
  double step_kb = 1;

  int ColourOf(int64_t bytes) const {
    const double kb = static_cast<double>(bytes) / 1024;
    return std::clamp(static_cast<int>(std::floor((kb - low_kb) / step_kb)), 0, kColours - 1);
  }
};

// The smallest round step of which kColours reach over [low, high].
ColourScale MakeColourScale(const std::vector<DrawnCandidate>& marks) {
  double low = 0;
  double high = 0;
  for (size_t i = 0; i < marks.size(); ++i) {
    const double kb = static_cast<double>(marks[i].candidate->planned_sram_bytes()) / 1024;
    low = i == 0 ? kb : std::min(low, kb);
    high = std::max(high, kb);
  }
  double power = 0.1;
  for (int digits = 0; digits < 10; ++digits) {  // Up to 100 MB: more than any board has.
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double step = factor * power;
      const double start = std::floor(low / step) * step;
      if (start + step * kColours > high) return {start, step};
    }
    power *= 10;
  }
  return {0, 1};
}

struct Range {
  double low = 0, high = 0;
};

// What can be drawn: scored, and with a latency, measured or predicted.
std::vector<DrawnCandidate> Drawable(const std::vector<DrawnCandidate>& drawn) {
  std::vector<DrawnCandidate> marks;
  for (const DrawnCandidate& one : drawn) {
    if (KnownTop1(*one.candidate) && KnownLatency(*one.candidate)) marks.push_back(one);
  }
  return marks;
}

Range LatencyRange(const std::vector<DrawnCandidate>& marks, double limit) {
  Range range{*KnownLatency(*marks[0].candidate), 0};
  double feasible = 0;
  for (const DrawnCandidate& one : marks) {
    const double latency = *KnownLatency(*one.candidate);
    range.low = std::min(range.low, latency);
    range.high = std::max(range.high, latency);
    if (one.candidate->state() == v1::Candidate::FEASIBLE) feasible = std::max(feasible, latency);
  }
  // Candidates far over the limit would press those that count into a corner.
  if (limit > 0) range.high = std::min(range.high, std::max(1.6 * limit, feasible));
  if (limit > 0 && limit < 1.6 * range.high) range.high = std::max(range.high, limit);
  range.low = std::min(range.low, range.high);
  const double pad = std::max(0.02 * range.high, 0.04 * (range.high - range.low));
  return {std::max(0.0, range.low - pad), range.high + pad};
}

Range Top1Range(const std::vector<DrawnCandidate>& marks) {
  Range range{100, 0};
  for (const DrawnCandidate& one : marks) {
    range.low = std::min(range.low, one.candidate->top1() * 100);
    range.high = std::max(range.high, one.candidate->top1() * 100);
  }
  const double pad = std::max(0.5, (range.high - range.low) * 0.06);
  return {range.low - pad, range.high + pad};
}

// The best top-1 of the front at most so slow: a staircase.
void DrawFrontLine(const Facts& facts, double right_end, Plot* plot) {
  std::vector<const v1::Candidate*> front = facts.front;
  std::stable_sort(front.begin(), front.end(), [](const v1::Candidate* a, const v1::Candidate* b) {
    return a->latency_ms() < b->latency_ms();
  });
  std::vector<Point> points;
  double best = -1;
  for (const v1::Candidate* candidate : front) {
    if (candidate->top1() <= best) continue;
    if (best >= 0) points.push_back(plot->At(candidate->latency_ms(), best * 100));
    best = candidate->top1();
    points.push_back(plot->At(candidate->latency_ms(), best * 100));
  }
  if (best >= 0) points.push_back(plot->At(right_end, best * 100));
  plot->svg().Polyline(points, "front-line");
}

class FrontDrawing {
 public:
  FrontDrawing(const SearchReport& report, const Facts& facts,
               const std::vector<DrawnCandidate>& marks)
      : facts_(facts),
        marks_(marks),
        limit_ms_(report.search.limits().latency_ms()),
        latency_(LatencyRange(marks, limit_ms_)),
        top1_(Top1Range(marks)),
        timing_(TimingWord(report, facts)),
        colours_(MakeColourScale(marks)),
        front_(facts.front.begin(), facts.front.end()) {}

  std::string Draw(const Canvas& canvas) const {
    const std::string title =
        timing_.empty() ? "latency (ms)" : absl::StrCat("latency (ms, ", timing_, ")");
    Plot plot(
        canvas, canvas.narrow ? 340 : 460, {},
        {canvas.narrow ? "front-n" : "front-w", "Top-1 against latency",
         "One mark for each candidate, coloured by SRAM. Ringed ones are the Pareto front; the "
         "table below lists it."},
        NumberAxis(title, latency_.low, latency_.high, canvas.narrow ? 4 : 9),
        NumberAxis("validation top-1 (%)", top1_.low, top1_.high, canvas.narrow ? 5 : 7),
        "plot near");
    if (limit_ms_ > latency_.low && limit_ms_ < latency_.high) {
      plot.LimitAtX(limit_ms_, absl::StrCat("limit ", FormatDecimal(limit_ms_, 1), " ms"));
    }
    for (const bool on_front : {false, true}) {
      if (on_front) DrawFrontLine(facts_, latency_.high, &plot);
      for (const DrawnCandidate& one : marks_) {
        if ((front_.count(one.candidate) > 0) == on_front) DrawMark(one, &plot);
      }
    }
    DrawWinner(&plot);
    return std::move(plot).Finish();
  }

  std::string LegendHtml() const {
    std::vector<LegendEntry> entries;
    const int decimals = colours_.step_kb < 1 ? 1 : 0;
    for (int i = 0; i < kColours; ++i) {
      const double from = colours_.low_kb + i * colours_.step_kb;
      entries.push_back({Swatch::kDot, absl::StrCat("sram", i),
                         absl::StrCat(FormatDecimal(from, decimals), "–",
                                      FormatDecimal(from + colours_.step_kb, decimals), " kB")});
    }
    entries.push_back({Swatch::kDot, "front", "Pareto front"});
    entries.push_back({Swatch::kDot, "winner", "winner"});
    entries.push_back({Swatch::kDot, "predicted", "latency only predicted"});
    entries.push_back({Swatch::kCross, "infeasible", "infeasible"});
    return Legend(entries);
  }

  int64_t Beyond() const {
    return std::count_if(marks_.begin(), marks_.end(), [this](const DrawnCandidate& one) {
      return *KnownLatency(*one.candidate) > latency_.high;
    });
  }

 private:
  Point Place(const v1::Candidate& candidate, const Plot& plot) const {
    return plot.At(*KnownLatency(candidate), candidate.top1() * 100);
  }

  void DrawMark(const DrawnCandidate& one, Plot* plot) const {
    const v1::Candidate& candidate = *one.candidate;
    if (*KnownLatency(candidate) > latency_.high) return;
    const Point at = Place(candidate, *plot);
    const std::string mark = CandidateMark(one.number);
    if (candidate.state() != v1::Candidate::FEASIBLE) {
      plot->svg().Cross(at, 3, "m infeasible", mark);
      return;
    }
    const int colour = colours_.ColourOf(candidate.planned_sram_bytes());
    const bool on_front = front_.count(&candidate) > 0;
    const std::string css_class = absl::StrCat("m sram", colour, on_front ? " front" : "",
                                               MeasuredLatency(candidate) ? "" : " predicted");
    plot->svg().Circle(at, on_front ? 5 : 3.5, css_class, mark);
  }

  void DrawWinner(Plot* plot) const {
    for (const DrawnCandidate& one : marks_) {
      if (one.candidate != facts_.winner) continue;
      plot->svg().Circle(Place(*one.candidate, *plot), 8.5, "m winner", CandidateMark(one.number));
    }
  }

  const Facts& facts_;
  const std::vector<DrawnCandidate>& marks_;
  double limit_ms_;
  Range latency_, top1_;
  std::string timing_;
  ColourScale colours_;
  std::set<const v1::Candidate*> front_;
};

std::string FrontTable(const SearchReport& report, const Facts& facts) {
  HtmlTable shown("Pareto front", {{"candidate", true},
                                   {"top-1", true},
                                   {"latency (ms)", true},
                                   {"SRAM (kB)", true},
                                   {"flash (kB)", true},
                                   {"MACs", true},
                                   {"subnet", false, true}});
  HtmlTable others = shown;
  size_t rows = 0;
  for (const v1::Candidate* candidate : facts.front) {
    const auto number = static_cast<size_t>(candidate - report.candidates.data()) + 1;
    HtmlTable& table = rows++ < kShownRows ? shown : others;
    table.AddRow({absl::StrCat(LastPart(candidate->name()), candidate == facts.winner ? " ★" : ""),
                  absl::StrFormat("%.2f%%", candidate->top1() * 100),
                  FormatDecimal(candidate->latency_ms(), 2),
                  FormatDecimal(static_cast<double>(candidate->planned_sram_bytes()) / 1024, 1),
                  FormatDecimal(static_cast<double>(candidate->flash_bytes()) / 1024, 1),
                  FormatInteger(candidate->macs()), candidate->subnet()},
                 CandidateMark(number));
  }
  return absl::StrCat(shown.Html(),
                      others.empty() ? "" : Details("The rest of the front", others.Html()));
}

std::string LimitsText(const v1::Limits& limits) {
  return absl::StrFormat(
      "Limits: SRAM %s, flash %s, latency %s.",
      limits.sram_bytes() > 0 ? FormatKb(limits.sram_bytes()) : std::string("none"),
      limits.flash_bytes() > 0 ? FormatKb(limits.flash_bytes()) : std::string("none"),
      limits.latency_ms() > 0 ? FormatDecimal(limits.latency_ms(), 1) + " ms"
                              : std::string("none"));
}

}  // namespace

std::string FrontFigure(const SearchReport& report, const Facts& facts,
                        const std::vector<DrawnCandidate>& drawn) {
  const std::vector<DrawnCandidate> marks = Drawable(drawn);
  if (marks.empty()) {
    return Paragraph(
        "No candidate has both a top-1 and a latency, so there is nothing to compare. " +
        LimitsText(report.search.limits()));
  }
  const FrontDrawing drawing(report, facts, marks);
  std::string text =
      "The feasible candidates that no other one beats in top-1, latency and SRAM at once are the "
      "Pareto "
      "front (ringed). Colour is planned SRAM: the stronger, the more. The line is the best top-1 "
      "that "
      "a latency buys. " +
      LimitsText(report.search.limits());
  if (facts.front.empty()) text += " No feasible candidate was measured, so there is no front.";
  if (drawing.Beyond() > 0) {
    text += absl::StrFormat(" %s candidates slower than the axis is long are not drawn.",
                            FormatInteger(drawing.Beyond()));
  }
  return absl::StrCat(
      Paragraph(text + DrawnNote(report, drawn)),
      Drawing(drawing.LegendHtml(), drawing.Draw(kWide), drawing.Draw(kNarrow)),
      facts.front.empty() ? "" : Details("The Pareto front in numbers", FrontTable(report, facts)));
}

}  // namespace boardloop::report
