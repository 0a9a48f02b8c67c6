#include "server/report/report_html.h"

#include <openssl/sha.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "server/report/candidate_marks.h"
#include "server/report/facts.h"
#include "server/report/figures.h"
#include "server/report/html.h"
#include "server/report/page_assets.h"
#include "server/report/sections.h"
#include "server/report/svg.h"

namespace boardloop {
namespace {

using report::Facts;

struct PageSection {
  std::string id;
  std::string title;
  std::string body;
};

std::string ScriptDigest() {
  const std::string script = report::kPageScript;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(script.data()), script.size(), digest);
  std::string encoded;
  absl::Base64Escape(std::string(reinterpret_cast<const char*>(digest), sizeof(digest)), &encoded);
  return encoded;
}

std::string Title(const v1::Search& search) {
  return search.display_name().empty() ? report::LastPart(search.name()) : search.display_name();
}

std::string Head(const v1::Search& search) {
  const std::string policy = absl::StrCat(
      "default-src 'none'; style-src 'unsafe-inline'; script-src "
      "'sha256-",
      ScriptDigest(), "'");
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\"",
      report::Attribute("content", policy),
      "/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
      EscapeHtml(Title(search)), " · Boardloop</title>\n<style>", report::kPageStyle,
      "</style>\n</head>\n");
}

std::string StateBadge(v1::Search::State state) {
  const bool good = state == v1::Search::SUCCEEDED;
  const bool bad = state == v1::Search::FAILED || state == v1::Search::INFEASIBLE;
  return absl::StrCat("<span class=\"badge ",
                      good  ? "good"
                      : bad ? "bad"
                            : "warn",
                      "\">", EscapeHtml(v1::Search::State_Name(state)), "</span>");
}

std::string EndText(const v1::Search& search) {
  if (!search.has_end_time()) return "";
  const absl::Time end = absl::FromUnixSeconds(search.end_time().seconds());
  return absl::StrCat(" Ended ", absl::FormatTime("%Y-%m-%d %H:%M UTC", end, absl::UTCTimeZone()),
                      ".");
}

std::string Introduction(const SearchReport& input, const Facts& facts) {
  const v1::Search& search = input.search;
  std::string text = absl::StrFormat(
      "Search %s: %s candidates, %s of them measured, for %s", report::LastPart(search.name()),
      FormatInteger(static_cast<int64_t>(input.candidates.size())), FormatInteger(facts.measured),
      input.board.name.empty() ? std::string("a board") : input.board.name);
  if (!input.board.mcu.empty()) {
    absl::StrAppendFormat(&text, " (%s, %s at %s MHz)", input.board.mcu, input.board.core,
                          FormatDecimal(static_cast<double>(input.board.clock_hz) / 1e6, 0));
  }
  if (search.width_mult() > 0) {
    absl::StrAppendFormat(&text, ", in space %s at width multiplier %g and resolution %d",
                          search.spec().space().name(), search.width_mult(), search.resolution());
  }
  return text + "." + EndText(search);
}

std::vector<PageSection> Sections(const SearchReport& input, const Facts& facts,
                                  const std::vector<report::DrawnCandidate>& drawn) {
  return {
      {"accuracy", "Accuracy", report::AccuracyTable(input, facts)},
      {"memory", "Memory", report::MemoryFigure(input, facts)},
      {"front", "Accuracy against latency", report::FrontFigure(input, facts, drawn)},
      {"evolution", "The search", report::EvolutionFigure(input, facts, drawn)},
      {"space", "The space", report::SpaceFigure(input)},
      {"sram", "SRAM, step by step", report::SramFigure(input)},
      {"cycles", "Cycles, layer by layer", report::CyclesFigure(input, facts)},
      {"predictor", "Predicted and measured latency", report::PredictorFigure(input, facts)},
      {"delivered", "Delivered files", report::Delivered(input)},
      {"provenance", "Where every figure comes from", report::Provenance(input, facts)},
      {"reproduce", "How to reproduce", report::Reproduce(input)},
  };
}

std::string Navigation(const std::vector<PageSection>& sections) {
  std::string html = "<nav aria-label=\"Sections\"><ul>\n";
  for (const PageSection& section : sections) {
    absl::StrAppend(&html, "<li><a", report::Attribute("href", "#" + section.id), ">",
                    EscapeHtml(section.title), "</a></li>\n");
  }
  return html + "</ul></nav>\n";
}

std::string Footer(const SearchReport& input) {
  const auto version = input.versions.find("coordinator");
  return absl::StrCat(
      "<footer>",
      EscapeHtml(absl::StrCat("Made by Boardloop",
                              version == input.versions.end() ? "" : " " + version->second,
                              ". MACs are multiply-accumulates; kB = 1024 bytes; top-1 is the "
                              "share of images whose most "
                              "likely class is the right one.")),
      "</footer>\n");
}

}  // namespace

std::string ReportHtml(const SearchReport& input) {
  const Facts facts = report::GatherFacts(input);
  const std::vector<report::DrawnCandidate> drawn = report::ChooseDrawn(input, facts);
  const std::vector<PageSection> sections = Sections(input, facts, drawn);
  std::string html =
      absl::StrCat(Head(input.search),
                   "<body>\n<a class=\"skip\" href=\"#accuracy\">Skip to the figures</a>\n"
                   "<header>\n<h1>",
                   EscapeHtml(Title(input.search)), " ", StateBadge(input.search.state()),
                   "</h1>\n", report::Paragraph(Introduction(input, facts), "soft"),
                   Navigation(sections), "</header>\n<main>\n", report::Headline(input, facts));
  for (const PageSection& section : sections) {
    html += report::Section(section.id, section.title, section.body);
  }
  return absl::StrCat(html, "</main>\n", Footer(input),
                      "<div id=\"tip\" role=\"status\" hidden=\"hidden\"></div>\n"
                      "<script type=\"application/json\" id=\"candidates\">",
                      report::CandidateTexts(drawn, facts), "</script>\n<script>",
                      report::kPageScript, "</script>\n</body>\n</html>\n");
}

}  // namespace boardloop
