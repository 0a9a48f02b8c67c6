#include "cli/remote/dot_canvas.h"

#include <algorithm>
#include <cstddef>

namespace boardloop {
namespace {

// Bit of the dot at column x and row y (from the top) of a cell.
constexpr uint8_t kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

// The braille pattern with these dots as UTF-8: U+2800 + bits.
std::string Braille(uint8_t bits) {
  return {'\xE2', static_cast<char>(0xA0 | (bits >> 6)), static_cast<char>(0x80 | (bits & 0x3F))};
}

}  // namespace

DotCanvas::DotCanvas(int width, int height)
    : width_(std::max(1, width)),
      height_(std::max(1, height)),
      cells_(static_cast<size_t>(width_) * static_cast<size_t>(height_), 0) {}

void DotCanvas::Set(int x, int y) {
  if (x < 0 || y < 0 || x >= dots_wide() || y >= dots_high()) return;
  const int row = dots_high() - 1 - y;
  const size_t line = static_cast<size_t>(row / 4) * static_cast<size_t>(width_);
  cells_[line + static_cast<size_t>(x / 2)] |= kBits[row % 4][x % 2];
}

std::vector<std::string> DotCanvas::Rows() const {
  std::vector<std::string> rows(static_cast<size_t>(height_));
  for (size_t i = 0; i < cells_.size(); ++i) {
    rows[i / static_cast<size_t>(width_)] += cells_[i] == 0 ? " " : Braille(cells_[i]);
  }
  return rows;
}

}  // namespace boardloop
