// The parts that sections of report.html are made of. Every text is escaped here; what is called
// `html` or `body` is markup already.
#pragma once

#include <string>
#include <vector>

namespace boardloop::report {

std::string Paragraph(const std::string& text, const std::string& css_class = "");

// A <section> with a heading.
std::string Section(const std::string& id, const std::string& title, const std::string& body);

// A part that is folded away at first.
std::string Details(const std::string& summary, const std::string& body);

// One drawing in both sizes (plot.h), and its legend.
std::string Drawing(const std::string& legend, const std::string& wide, const std::string& narrow);

// What a legend shows in front of a text: a mark with the class that the drawing uses.
enum class Swatch { kBox, kDot, kCross, kLine };
struct LegendEntry {
  Swatch swatch = Swatch::kBox;
  std::string css_class;
  std::string text;
};
std::string Legend(const std::vector<LegendEntry>& entries);

// A table that scrolls sideways where it is wider than the window.
class HtmlTable {
 public:
  struct Column {
    std::string title;
    bool number = false;  // Aligned right.
    bool code = false;    // Monospace, and may be broken anywhere.
  };
  explicit HtmlTable(std::string caption, std::vector<Column> columns)
      : caption_(std::move(caption)), columns_(std::move(columns)) {}

  // One cell per column. `attributes` come from Attribute() (svg.h).
  void AddRow(const std::vector<std::string>& cells, const std::string& attributes = "");

  bool empty() const { return rows_.empty(); }
  std::string Html() const;

 private:
  std::string caption_;  // For screen readers; not shown.
  std::vector<Column> columns_;
  std::string rows_;
};

}  // namespace boardloop::report
