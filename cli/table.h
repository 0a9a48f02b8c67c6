// Aligned text tables for a terminal or a log.
#pragma once

#include <string>
#include <vector>

namespace boardloop {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kRight;
};

// Rows of cells under titled columns. Text() aligns them for people, Html() marks them up for a
// page; both make cells safe to show (cli/text.h).
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column.
  void AddRow(std::vector<std::string> cells);

  // Lines that end in '\n', columns two spaces apart, no trailing blanks:
  //   network       MACs
  //   resnet18      1.81G
  std::string Text() const;
  // A <table> element.
  std::string Html() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace boardloop
