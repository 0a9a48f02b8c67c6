#include "server/pages/search_page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/text.h"
#include "nlohmann/json.hpp"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="15">
<title>Boardloop: searches</title>
<style>
:root { color-scheme: light dark; --ink: #1f2933; --soft: #52606d; --page: #f4f6f8; --card: #fff; --line: #d9e2ec; --link: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #a3b0bd; --page: #11161c; --card: #1a2129; --line: #323f4b; --link: #56b4e9; }
}
body { margin: 0 auto; padding: 2rem 1rem; max-width: 75rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
a { color: var(--link); }
p { color: var(--soft); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .45rem .8rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td.name { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
small { display: block; color: var(--soft); }
</style>
</head>
<body>
<h1>Searches</h1>
)";

constexpr char kFoot[] =
    "<p><a href=\"/searches\">as JSON</a> &middot; <a href=\"/metrics\">metrics</a></p>\n"
    "</body>\n</html>\n";

constexpr char kColumns[] =
    "<tr><th>search</th><th class=\"number\">slot</th><th>state</th><th>stage</th>"
    "<th class=\"number\">progress</th><th class=\"number\">time left</th>"
    "<th class=\"number\">best top-1</th><th class=\"number\">latency</th>"
    "<th class=\"number\">SRAM</th><th>report</th></tr>\n";

std::string Id(const v1::Search& search) {
  return search.name().substr(search.name().find('/') + 1);
}

bool Runs(const v1::Search& search) { return search.state() == v1::Search::RUNNING; }

// "space optimization"
std::string Words(const std::string& constant) {
  std::string words = absl::AsciiStrToLower(constant);
  for (char& c : words) {
    if (c == '_') c = ' ';
  }
  return words;
}

std::string Duration(const SearchRow& row) {
  if (!row.remaining.has_value()) return "";
  return absl::FormatDuration(absl::Trunc(*row.remaining, absl::Seconds(1)));
}

std::string Cell(const std::string& text, const char* css_class = "number") {
  return absl::StrFormat("<td class=\"%s\">%s</td>", css_class, EscapeHtml(text));
}

std::string TableRow(const SearchRow& row) {
  const v1::Search& search = row.search;
  const v1::SearchProgress& progress = search.progress();
  const bool has_best = !progress.best().empty();
  const std::string& note = Runs(search) ? search.waiting_for() : search.message();
  std::string html = absl::StrCat("<tr><td class=\"name\">", EscapeHtml(Id(search)));
  for (const std::string& line :
       {search.display_name(), note.empty() || !Runs(search) ? note : "waits for " + note}) {
    if (!line.empty()) absl::StrAppend(&html, "<small>", EscapeHtml(line), "</small>");
  }
  absl::StrAppend(
      &html, "</td>", Cell(row.slot > 0 ? absl::StrCat(row.slot) : ""),
      Cell(Words(v1::Search::State_Name(search.state())), "state"),
      Cell(Runs(search) ? Words(v1::Search::Stage_Name(search.stage())) : "", "stage"),
      Cell(Runs(search) ? absl::StrFormat("%.0f %%", 100 * progress.stage_fraction()) : ""),
      Cell(Runs(search) ? Duration(row) : ""),
      Cell(has_best ? absl::StrFormat("%.1f %%", 100 * progress.best_top1()) : ""),
      Cell(progress.best_latency_ms() > 0 ? absl::StrFormat("%.2f ms", progress.best_latency_ms())
                                          : ""),
      Cell(row.best_sram_bytes.has_value() ? absl::StrCat(*row.best_sram_bytes, " B") : ""));
  if (row.has_report) {
    absl::StrAppend(&html, "<td><a href=\"", EscapeHtml(ReportPath(search.name())),
                    "\">report</a></td></tr>\n");
  } else {
    html += "<td></td></tr>\n";
  }
  return html;
}

nlohmann::ordered_json Json(const SearchRow& row) {
  const v1::Search& search = row.search;
  const v1::SearchProgress& progress = search.progress();
  nlohmann::ordered_json json;
  json["name"] = search.name();
  json["display_name"] = search.display_name();
  json["slot"] = row.slot;
  json["state"] = absl::AsciiStrToLower(v1::Search::State_Name(search.state()));
  json["stage"] = absl::AsciiStrToLower(v1::Search::Stage_Name(search.stage()));
  json["board_type"] = search.spec().board_type();
  json["create_time"] =
      absl::FormatTime(absl::RFC3339_sec, FromTimestamp(search.create_time()), absl::UTCTimeZone());
  if (Runs(search)) {
    json["progress"] = progress.stage_fraction();
    if (row.remaining.has_value()) {
      json["remaining_seconds"] = absl::ToDoubleSeconds(*row.remaining);
    }
  }
  if (!progress.best().empty()) {
    json["best_top1"] = progress.best_top1();
    if (progress.best_latency_ms() > 0) json["best_latency_ms"] = progress.best_latency_ms();
    if (row.best_sram_bytes.has_value()) json["best_sram_bytes"] = *row.best_sram_bytes;
  }
  if (row.has_report) json["report"] = ReportPath(search.name());
  return json;
}

}  // namespace

std::string ReportPath(const std::string& search) { return absl::StrCat("/", search, "/report"); }

std::string SearchesHtml(const std::vector<SearchRow>& rows, bool more) {
  std::string html = kHead;
  if (rows.empty()) html += "<p>There is none yet: boardloop submit makes one.</p>\n";
  if (!rows.empty()) {
    absl::StrAppend(&html, "<div class=\"scroll\"><table>\n<thead>", kColumns,
                    "</thead>\n<tbody>\n");
    for (const SearchRow& row : rows) html += TableRow(row);
    html += "</tbody></table></div>\n";
  }
  if (more) {
    absl::StrAppend(&html, "<p>The newest ", rows.size(),
                    "; boardloop list shows older ones too.</p>\n");
  }
  return html + kFoot;
}

std::string SearchesJson(const std::vector<SearchRow>& rows) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const SearchRow& row : rows) json.push_back(Json(row));
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace boardloop
