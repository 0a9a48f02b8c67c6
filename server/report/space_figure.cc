#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/numbers.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/plot.h"

namespace boardloop::report {
namespace {

constexpr size_t kMaxCurves = 40;
constexpr size_t kShownRanks = 8;

struct RankedSpace {
  const v1::SpaceResult* space = nullptr;
  bool chosen = false;
  size_t number = 0;  // Position in the order of ranks.
};

std::string Label(const v1::SpaceResult& space) {
  return absl::StrFormat("w%g r%d", space.width_mult(), space.resolution());
}

// Ranked ones by rank, then the others by how many survive.
std::vector<RankedSpace> InOrder(const v1::Search& search) {
  std::vector<RankedSpace> spaces;
  for (const v1::SpaceResult& space : search.spaces()) {
    const bool chosen =
        space.width_mult() == search.width_mult() && space.resolution() == search.resolution();
    spaces.push_back({&space, chosen});
  }
  std::stable_sort(spaces.begin(), spaces.end(), [](const RankedSpace& a, const RankedSpace& b) {
    if ((a.space->rank() > 0) != (b.space->rank() > 0)) return a.space->rank() > 0;
    if (a.space->rank() != b.space->rank()) return a.space->rank() < b.space->rank();
    return a.space->survivors() > b.space->survivors();
  });
  for (size_t i = 0; i < spaces.size(); ++i) spaces[i].number = i;
  return spaces;
}

std::vector<RankedSpace> WithCurves(const std::vector<RankedSpace>& spaces) {
  std::vector<RankedSpace> curves;
  for (const RankedSpace& space : spaces) {
    if (space.space->macs_quantiles_size() < 2) continue;
    if (curves.size() < kMaxCurves || space.chosen) curves.push_back(space);
  }
  return curves;
}

// Hovering a curve marks its row in the table, and the other way round.
std::string Key(const RankedSpace& space) {
  return Attribute("data-k", absl::StrCat("space", space.number));
}

std::string Tip(const v1::SpaceResult& space) {
  return absl::StrFormat("%s\n%s of %s sampled networks fit\nmean of these %s MACs\n%s",
                         Label(space), FormatInteger(space.survivors()),
                         FormatInteger(space.sampled()),
                         FormatInteger(static_cast<int64_t>(space.mean_macs())),
                         space.rank() > 0 ? absl::StrFormat("rank %d", space.rank())
                                          : std::string("not ranked: too few fit"));
}

std::vector<Point> Curve(const v1::SpaceResult& space, const Plot& plot) {
  std::vector<Point> points;
  const int last = space.macs_quantiles_size() - 1;
  for (int i = 0; i <= last; ++i) {
    points.push_back(plot.At(static_cast<double>(space.macs_quantiles(i)) / 1e6, 100.0 * i / last));
  }
  return points;
}

void DrawCurve(const RankedSpace& space, Plot* plot) {
  const std::vector<Point> points = Curve(*space.space, *plot);
  const std::string css_class = space.chosen       ? "curve chosen"
                                : space.number < 5 ? "curve top"
                                                   : "curve";
  plot->svg().Polyline(points, css_class, Key(space));
  // A line is too thin to point at.
  plot->svg().Polyline(points, "hit-line",
                       absl::StrCat(Key(space), Attribute("data-tip", Tip(*space.space))));
}

std::string Draw(const Canvas& canvas, const std::vector<RankedSpace>& curves) {
  double most = 0;
  for (const RankedSpace& space : curves) {
    const v1::SpaceResult& result = *space.space;
    most = std::max(most,
                    static_cast<double>(result.macs_quantiles(result.macs_quantiles_size() - 1)));
  }
  Plot plot(
      canvas, canvas.narrow ? 300 : 400, {},
      {canvas.narrow ? "spaces-n" : "spaces-w", "MACs of the networks that fit, by space",
       "One curve for each pair of width multiplier and resolution: the share of networks that "
       "have at most so many MACs. The further right a curve, the larger its networks."},
      NumberAxis("MACs of a network that fits (millions)", 0, most / 1e6 * 1.02,
                 canvas.narrow ? 4 : 8),
      NumberAxis("networks with at most so many (%)", 0, 100, 5));
  for (size_t i = curves.size(); i-- > 0;) {  // The better ones on top, the chosen one last.
    if (!curves[i].chosen) DrawCurve(curves[i], &plot);
  }
  for (const RankedSpace& space : curves) {
    if (space.chosen) DrawCurve(space, &plot);
  }
  return std::move(plot).Finish();
}

HtmlTable EmptyTable(const std::string& caption) {
  return HtmlTable(caption, {{"rank", true},
                             {"width multiplier", true},
                             {"resolution", true},
                             {"fit", true},
                             {"sampled", true},
                             {"mean MACs", true},
                             {"95% interval", true},
                             {""}});
}

void AddRow(const RankedSpace& ranked, HtmlTable* table) {
  const v1::SpaceResult& space = *ranked.space;
  const double share =
      space.sampled() > 0 ? static_cast<double>(space.survivors()) / space.sampled() : 0;
  table->AddRow(
      {space.rank() > 0 ? FormatInteger(space.rank()) : "-",
       absl::StrFormat("%g", space.width_mult()), FormatInteger(space.resolution()),
       FormatShare(share), FormatInteger(space.sampled()),
       space.survivors() > 0 ? FormatInteger(static_cast<int64_t>(space.mean_macs())) : "-",
       space.survivors() > 1 ? "± " + FormatInteger(static_cast<int64_t>(space.mean_macs_ci95()))
                             : "-",
       ranked.chosen ? "chosen" : ""},
      absl::StrCat(Key(ranked), ranked.chosen ? Attribute("class", "chosen-row") : ""));
}

std::string Tables(const std::vector<RankedSpace>& spaces) {
  HtmlTable shown = EmptyTable("Best spaces by rank");
  HtmlTable others = EmptyTable("Other spaces");
  for (const RankedSpace& space : spaces) {
    const bool first = space.chosen || (space.number < kShownRanks && space.space->rank() > 0);
    AddRow(space, first ? &shown : &others);
  }
  return absl::StrCat(shown.empty() ? "" : shown.Html(),
                      others.empty() ? "" : Details("The other spaces of the grid", others.Html()));
}

std::string LimitsTable(const SearchReport& report) {
  if (!report.limit_shares || report.limit_shares->sampled() <= 0) return "";
  const v1::LimitShares& shares = *report.limit_shares;
  const v1::Limits& limits = report.search.limits();
  const auto share = [&](int32_t count) {
    return FormatShare(static_cast<double>(count) / shares.sampled());
  };
  HtmlTable table(
      absl::StrFormat("What the limits refuse of %s random networks of the space at width "
                      "multiplier %g and resolution %d",
                      FormatInteger(shares.sampled()), shares.width_mult(), shares.resolution()),
      {{"limit"}, {"at most", true}, {"refuses", true}, {"how it is known"}});
  table.AddRow({"SRAM", FormatKb(limits.sram_bytes()), share(shares.over_sram()), "planned"});
  table.AddRow({"flash", FormatKb(limits.flash_bytes()), share(shares.over_flash()), "counted"});
  if (limits.latency_ms() > 0) {
    table.AddRow({"latency", FormatDecimal(limits.latency_ms(), 1) + " ms",
                  shares.has_over_latency() ? share(shares.over_latency()) : "-",
                  absl::StrFormat("predicted from %s measured networks",
                                  FormatInteger(shares.measured_networks()))});
  }
  table.AddRow({"one or more", "", share(shares.over_any()), ""});
  return table.Html();
}

}  // namespace

std::string SpaceFigure(const SearchReport& report) {
  if (report.search.spaces().empty()) {
    return Paragraph(
               "The space was not optimized: the search ran in a super-network that was there "
               "before, with its width multiplier and resolution.") +
           LimitsTable(report);
  }
  const std::vector<RankedSpace> spaces = InOrder(report.search);
  const std::vector<RankedSpace> curves = WithCurves(spaces);
  const std::string text =
      "Of every pair of width multiplier and resolution, networks were drawn at random, and those "
      "kept "
      "whose plan fits SRAM and flash. The pair whose survivors have the most MACs on average is "
      "chosen: within one memory, larger networks are more accurate (Lin et al. 2020).";
  std::string html = Paragraph(text);
  if (curves.empty()) {
    html += Paragraph("No network of any pair fits the limits, so there are no curves to draw.",
                      "note");
  } else {
    const std::string legend = Legend({{Swatch::kLine, "curve chosen", "chosen"},
                                       {Swatch::kLine, "curve top", "next best"},
                                       {Swatch::kLine, "curve", "others"}});
    html += Drawing(legend, Draw(kWide, curves), Draw(kNarrow, curves));
  }
  return html + Tables(spaces) + LimitsTable(report);
}

}  // namespace boardloop::report
