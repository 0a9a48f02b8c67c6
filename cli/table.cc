#include "cli/table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/text.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

std::string Pad(const std::string& cell, int64_t width, Align align) {
  const std::string blanks(std::max<int64_t>(0, width - DisplayWidth(cell)), ' ');
  return align == Align::kLeft ? cell + blanks : blanks + cell;
}

}  // namespace

void Table::AddRow(std::vector<std::string> cells) {
  CHECK_EQ(cells.size(), columns_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Text() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<const std::vector<std::string>*> lines = {&titles};
  for (const std::vector<std::string>& row : rows_) lines.push_back(&row);

  std::vector<int64_t> widths(columns_.size(), 0);
  for (const auto* cells : lines) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth((*cells)[i]));
    }
  }
  std::string text;
  for (const auto* cells : lines) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "" : "  ", Pad((*cells)[i], widths[i], columns_[i].align));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string Table::Html() const {
  const auto row = [&](const std::string& tag, const auto& cell) {
    std::string html = "<tr>";
    for (size_t i = 0; i < columns_.size(); ++i) {
      const char* css = columns_[i].align == Align::kRight ? " class=\"number\"" : "";
      absl::StrAppend(&html, "<", tag, css, ">", EscapeHtml(cell(i)), "</", tag, ">");
    }
    return html + "</tr>\n";
  };
  std::string html = "<table>\n<thead>\n";
  html += row("th", [&](size_t i) { return columns_[i].title; });
  html += "</thead>\n<tbody>\n";
  for (const std::vector<std::string>& cells : rows_) {
    html += row("td", [&](size_t i) { return cells[i]; });
  }
  return html + "</tbody>\n</table>\n";
}

}  // namespace boardloop
