// Dots in a terminal: each character cell holds 2 x 4 of them (Unicode's braille patterns).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace boardloop {

class DotCanvas {
 public:
  // In cells, at least 1 each.
  DotCanvas(int width, int height);

  int dots_wide() const { return width_ * 2; }
  int dots_high() const { return height_ * 4; }

  // From the left and from the bottom; dots outside are left out.
  void Set(int x, int y);

  // The rows from top to bottom, `width` characters each; empty cells are blanks.
  std::vector<std::string> Rows() const;

 private:
  const int width_;
  const int height_;
  std::vector<uint8_t>
      cells_;  // Bits as in the code points U+2800 to U+28FF, row by row from the top.
};

}  // namespace boardloop
