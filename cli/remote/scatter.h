// Scatter plots in a terminal, as a function of points and size.
#pragma once

#include <string>
#include <vector>

namespace boardloop {

// A point of a scatter plot.
struct ScatterPoint {
  double x = 0;
  double y = 0;
  bool marked = false;  // Drawn as a fat dot.
};

struct ScatterAxes {
  std::string (*x_label)(double) = nullptr;
  std::string (*y_label)(double) = nullptr;
};

// A plot with its axes in `height` lines of at most `width` columns: x grows to the right, y upwards. Points that are not
// finite are left out. Empty where nothing is to be drawn or the space is too small.
std::vector<std::string> ScatterLines(const std::vector<ScatterPoint>& all, const ScatterAxes& axes,
                                      int width, int height);

}  // namespace boardloop
