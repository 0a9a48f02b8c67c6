#include "cli/overview_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/size.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --ink: #1f2933; --soft: #52606d; --page: #f7f9fb; --card: #ffffff;
        --line: #d9e2ec; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa5b1; --page: #12181f; --card: #1b232c; --line: #323f4b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 68rem; background: var(--page);
       color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; max-width: 50rem; }
.soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: 1.25rem 1.5rem; margin: 1.5rem 0; }
figure { margin: 1rem 0; background: #ffffff; border-radius: 6px; padding: .5rem; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; min-width: 36rem; }
figure svg g { font-family: system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
footer { color: var(--soft); font-size: .9rem; }
)css";

std::string SectionHtml(const PageSection& page, size_t index) {
  const OverviewSection& section = page.section;
  return absl::StrCat(
      "<section>\n<h2>", EscapeHtml(section.title), "</h2>\n<p>", EscapeHtml(section.text),
      "</p>\n<figure role=\"img\" aria-label=\"", EscapeHtml(section.title), "\">\n",
      InlineSvg(page.svg, absl::StrFormat("picture%d-", index)),
      "</figure>\n<div class=\"scroll\">\n", section.table.Html(), "</div>\n</section>\n");
}

}  // namespace

std::string InlineSvg(const std::string& svg, const std::string& prefix) {
  const size_t start = svg.find("<svg");
  if (start == std::string::npos) return "";
  return absl::StrReplaceAll(svg.substr(start), {{" id='", absl::StrCat(" id='", prefix)},
                                                 {" id=\"", absl::StrCat(" id=\"", prefix)},
                                                 {"'#gp", absl::StrCat("'#", prefix, "gp")},
                                                 {"url(#", absl::StrCat("url(#", prefix)}});
}

std::string OverviewPage(const BoardType& board, const std::vector<PageSection>& sections) {
  std::string html = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>Boardloop: ",
      EscapeHtml(board.name), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n");
  absl::StrAppend(&html, "<h1>Neural networks for ", EscapeHtml(board.name),
                  "</h1>\n<p class=\"soft\">",
                  EscapeHtml(absl::StrFormat(
                      "%s, %s at %g MHz, %s RAM, %s flash. Every figure below was computed "
                      "by this program, from the definition of the networks; nothing was "
                      "measured on a board. kB = 1024 bytes, MB = 1024 kB.",
                      board.mcu, board.core, static_cast<double>(board.clock_hz) / 1e6,
                      FormatKb(board.RamBytes()), FormatKb(board.FlashBytes()))),
                  "</p>\n");
  for (size_t i = 0; i < sections.size(); ++i) html += SectionHtml(sections[i], i + 1);
  return absl::StrCat(html, "<footer>Made by boardloop ", BOARDLOOP_VERSION,
                      ". MCUNet: Lin et al. 2020 (arXiv 2007.10319); patches: Lin et al. 2021 "
                      "(arXiv 2110.15352).</footer>\n</body>\n</html>\n");
}

}  // namespace boardloop
