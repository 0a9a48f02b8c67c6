#include "server/report/html.h"

#include "absl/strings/str_cat.h"
#include "core/base/text.h"
#include "server/report/svg.h"

namespace boardloop::report {
namespace {

std::string CellClass(const HtmlTable::Column& column) {
  if (column.number) return " class=\"number\"";
  if (column.code) return " class=\"code\"";
  return "";
}

std::string SwatchSvg(const LegendEntry& entry) {
  const std::string css_class = Attribute("class", entry.css_class);
  std::string mark;
  switch (entry.swatch) {
    case Swatch::kBox:
      mark = absl::StrCat("<rect x=\"1\" y=\"2\" width=\"12\" height=\"10\"", css_class, "/>");
      break;
    case Swatch::kDot:
      mark = absl::StrCat("<circle cx=\"7\" cy=\"7\" r=\"4.5\"", css_class, "/>");
      break;
    case Swatch::kCross:
      mark = absl::StrCat("<path d=\"M3 3L11 11M3 11L11 3\"", css_class, "/>");
      break;
    case Swatch::kLine:
      mark = absl::StrCat("<path d=\"M0 7L14 7\"", css_class, "/>");
      break;
  }
  return absl::StrCat("<svg class=\"swatch\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">", mark,
                      "</svg>");
}

}  // namespace

std::string Paragraph(const std::string& text, const std::string& css_class) {
  return absl::StrCat("<p", css_class.empty() ? "" : Attribute("class", css_class), ">",
                      EscapeHtml(text), "</p>\n");
}

std::string Section(const std::string& id, const std::string& title, const std::string& body) {
  return absl::StrCat("<section", Attribute("id", id), Attribute("aria-labelledby", id + "-h"),
                      ">\n<h2", Attribute("id", id + "-h"), ">", EscapeHtml(title), "</h2>\n", body,
                      "</section>\n");
}

std::string Details(const std::string& summary, const std::string& body) {
  return absl::StrCat("<details>\n<summary>", EscapeHtml(summary), "</summary>\n", body,
                      "</details>\n");
}

std::string Drawing(const std::string& legend, const std::string& wide, const std::string& narrow) {
  return absl::StrCat("<figure>\n", legend, "<div class=\"wide\">\n", wide,
                      "</div>\n<div class=\"narrow\">\n", narrow, "</div>\n</figure>\n");
}

std::string Legend(const std::vector<LegendEntry>& entries) {
  std::string html = "<ul class=\"legend\">\n";
  for (const LegendEntry& entry : entries) {
    absl::StrAppend(&html, "<li>", SwatchSvg(entry), EscapeHtml(entry.text), "</li>\n");
  }
  return html + "</ul>\n";
}

void HtmlTable::AddRow(const std::vector<std::string>& cells, const std::string& attributes) {
  absl::StrAppend(&rows_, "<tr", attributes, ">");
  for (size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
    absl::StrAppend(&rows_, "<td", CellClass(columns_[i]), ">", EscapeHtml(cells[i]), "</td>");
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::Html() const {
  // Focusable, so that the keyboard can scroll it.
  std::string html = absl::StrCat("<div class=\"scroll\" tabindex=\"0\" role=\"region\"",
                                  Attribute("aria-label", caption_), "><table>\n<thead><tr>");
  for (const Column& column : columns_) {
    absl::StrAppend(&html, "<th scope=\"col\"", column.number ? " class=\"number\"" : "", ">",
                    EscapeHtml(column.title), "</th>");
  }
  return absl::StrCat(html, "</tr></thead>\n<tbody>\n", rows_, "</tbody></table></div>\n");
}

}  // namespace boardloop::report
