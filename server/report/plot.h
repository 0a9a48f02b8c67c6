// A drawing with two axes: scales, ticks at round numbers, grid, units and titles, the same for all
// figures of the report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/report/svg.h"

namespace boardloop::report {

// Every figure is drawn twice, for wide and narrow windows: scaled down to a phone, the text of a
// wide one could not be read. The style sheet shows one of the two.
struct Canvas {
  double width = 0;
  bool narrow = false;
};
inline constexpr Canvas kWide = {860, false};
inline constexpr Canvas kNarrow = {360, true};

// What a drawing is called: its id on the page, and what is read out in its place.
struct Caption {
  std::string id;
  std::string title;
  std::string description;
};

// Round numbers (1, 2 or 5 times a power of ten apart) within [low, high]: about `count` of them.
std::vector<double> RoundTicks(double low, double high, int count);

// Decimals with which all of `ticks` can be told apart.
int TickDecimals(const std::vector<double>& ticks);

struct PlotAxis {
  std::string title;  // With its unit.
  double low = 0, high = 1;
  std::vector<double> ticks;
  std::vector<std::string> labels;  // One for each tick.
  bool grid = true;
  double title_offset = 38;  // Of an x axis: pixels below the axis.
};

// An axis over [low, high] with ticks at round numbers, thousands separated. Where the range is empty
// or not finite, it is made [low, low + 1] or [0, 1].
PlotAxis NumberAxis(const std::string& title, double low, double high, int ticks);

struct Margins {
  double top = 14, right = 14, bottom = 46, left = 62;
};

class Plot {
 public:
  // Draws grid, axes, ticks and titles.
  Plot(const Canvas& canvas, double height, const Margins& margins, const Caption& caption,
       const PlotAxis& x, const PlotAxis& y, const std::string& css_class = "plot");

  double X(double value) const;
  double Y(double value) const;
  Point At(double x, double y) const { return {X(x), Y(y)}; }
  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }

  // Dashed lines across the plot with a text at their end.
  void LimitAtX(double value, const std::string& text);
  void LimitAtY(double value, const std::string& text);

  Svg& svg() { return svg_; }
  std::string Finish() && { return std::move(svg_).Finish(); }

 private:
  void DrawX();
  void DrawY(const Margins& margins);

  double left_, right_, top_, bottom_;
  PlotAxis x_, y_;
  Svg svg_;
};

}  // namespace boardloop::report
