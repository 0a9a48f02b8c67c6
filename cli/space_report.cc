#include "cli/space_report.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/figures.h"
#include "cli/options.h"
#include "cli/size.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using Json = nlohmann::ordered_json;

Json SpacesToJson(const std::vector<SpaceStatistics>& spaces) {
  Json array = Json::array();
  for (const SpaceStatistics& space : spaces) {
    array.push_back({{"width_mult", space.width_mult},
                     {"resolution", space.resolution},
                     {"sampled", space.sampled},
                     {"survivors", space.survivors},
                     {"survival_rate", space.survival_rate},
                     {"mean_macs", space.mean_macs},
                     {"mean_macs_ci95", space.survivors == 1 ? Json() : Json(space.mean_macs_ci95)},
                     {"rank", space.rank}});
  }
  return array;
}

// Ranked spaces first; the others follow by survivors.
std::vector<SpaceStatistics> InOrderOfRank(const std::vector<SpaceStatistics>& spaces) {
  std::vector<SpaceStatistics> ordered = RankedSpaces(spaces);
  const auto ranked = static_cast<std::ptrdiff_t>(ordered.size());
  for (const SpaceStatistics& space : spaces) {
    if (space.rank == 0) ordered.push_back(space);
  }
  std::stable_sort(
      ordered.begin() + ranked, ordered.end(),
      [](const SpaceStatistics& a, const SpaceStatistics& b) { return a.survivors > b.survivors; });
  return ordered;
}

size_t SpacesWithSurvivors(const std::vector<SpaceStatistics>& spaces) {
  return std::count_if(spaces.begin(), spaces.end(),
                       [](const SpaceStatistics& space) { return space.survivors > 0; });
}

std::string LimitsText(const SpaceReport& report) {
  return absl::StrFormat("SRAM %s, flash %s%s", FormatKb(report.limits.sram_bytes),
                         FormatKb(report.limits.flash_bytes),
                         report.board.empty() ? "" : " (" + report.board + ")");
}

}  // namespace

nlohmann::ordered_json ToJson(const SpaceReport& report) {
  Json json = {{"space", report.space.name()},
               {"board", report.board.empty() ? Json() : Json(report.board)},
               {"sram_bytes", report.limits.sram_bytes},
               {"flash_bytes", report.limits.flash_bytes},
               {"classes", report.space.classes()},
               {"input_channels", report.space.input_channels()},
               {"samples", report.options.samples},
               {"seed", report.options.seed},
               {"min_survival_rate", report.options.min_survival_rate},
               {"patch", report.options.plan.patch},
               {"input", InputModeName(report.options.plan.input)},
               {"spaces", SpacesToJson(report.result.spaces)}};
  if (report.result.closest_miss) {
    const ClosestMiss& miss = *report.result.closest_miss;
    json["closest_miss"] = {{"subnet", Json::parse(SubnetToJson(miss.subnet))},
                            {"sram_bytes", miss.sram_bytes},
                            {"flash_bytes", miss.flash_bytes}};
  }
  return json;
}

Table SpaceTable(const SpaceReport& report, size_t rows) {
  Table table({{"rank"},
               {"space", Align::kLeft},
               {"mean MACs"},
               {"+- 95 %"},
               {"largest"},
               {"fit"},
               {"of"},
               {"survival"}});
  const std::vector<SpaceStatistics> ordered = InOrderOfRank(report.result.spaces);
  for (size_t i = 0; i < std::min(rows, ordered.size()); ++i) {
    const SpaceStatistics& space = ordered[i];
    const bool any = space.survivors > 0;
    table.AddRow({space.rank > 0 ? absl::StrCat(space.rank) : "-", SpaceLabel(space),
                  any ? FormatCount(space.mean_macs) : "-",
                  space.survivors > 1 ? FormatCount(space.mean_macs_ci95) : "-",
                  any ? FormatCount(static_cast<double>(space.macs.back())) : "-",
                  absl::StrCat(space.survivors), absl::StrCat(space.sampled),
                  FormatShare(space.survival_rate)});
  }
  return table;
}

std::string SpaceReportText(const SpaceReport& report, bool all) {
  const size_t total = report.result.spaces.size();
  const size_t rows = all ? total : std::min(kBestRows, SpacesWithSurvivors(report.result.spaces));
  const size_t ranked = RankedSpaces(report.result.spaces).size();
  std::string text =
      absl::StrFormat("Space %s, %d classes; %s; %s, input %s; %s networks of each, seed %d\n\n",
                      report.space.name(), report.space.classes(), LimitsText(report),
                      report.options.plan.patch ? "patches allowed" : "layer by layer",
                      InputModeName(report.options.plan.input),
                      FormatInteger(report.options.samples), report.options.seed);
  if (report.result.closest_miss) return text + ClosestMissText(report) + "\n";

  text += SpaceTable(report, rows).Text();
  absl::StrAppendFormat(&text, "\n%d of %d spaces are ranked (at least %s of their networks fit)",
                        ranked, total, FormatShare(report.options.min_survival_rate));
  if (rows < total) absl::StrAppendFormat(&text, "; %d more rows with --all", total - rows);
  return text + ".\n";
}

std::string ClosestMissText(const SpaceReport& report) {
  if (!report.result.closest_miss) return "";
  const ClosestMiss& miss = *report.result.closest_miss;
  return absl::StrFormat("Nothing fits. Closest is %s: it needs SRAM %s of %s and flash %s of %s.",
                         CanonicalText(miss.subnet), FormatKb(miss.sram_bytes),
                         FormatKb(report.limits.sram_bytes), FormatKb(miss.flash_bytes),
                         FormatKb(report.limits.flash_bytes));
}

std::string SpaceCdfTitle(const SpaceReport& report) {
  return absl::StrFormat("Networks that fit %s",
                         report.board.empty() ? LimitsText(report) : report.board);
}

}  // namespace boardloop
