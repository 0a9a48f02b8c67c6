#include "cli/remote/scatter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "cli/remote/dot_canvas.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr int kMinWidth = 24;
constexpr int kMinHeight = 4;

std::string Blanks(int64_t count) {
  return std::string(static_cast<size_t>(std::max<int64_t>(0, count)), ' ');
}

struct Range {
  double low = 0;
  double high = 0;

  int DotOf(double value, int dots) const {
    return static_cast<int>(std::lround((value - low) / (high - low) * (dots - 1)));
  }
};

// Of one coordinate of the points, with room around a single value.
Range RangeOf(const std::vector<ScatterPoint>& points, double ScatterPoint::*coordinate) {
  Range range{points[0].*coordinate, points[0].*coordinate};
  for (const ScatterPoint& point : points) {
    range.low = std::min(range.low, point.*coordinate);
    range.high = std::max(range.high, point.*coordinate);
  }
  if (range.high - range.low > 1e-12) return range;
  const double room = std::max(1e-9, std::abs(range.low) * 0.05);
  return {range.low - room, range.high + room};
}

void Draw(bool marked, int x, int y, DotCanvas* canvas) {
  canvas->Set(x, y);
  if (!marked) return;
  // A fat dot reaches inwards at the edges, so that it is always whole.
  const int x2 = x + 1 < canvas->dots_wide() ? x + 1 : x - 1;
  const int y2 = y + 1 < canvas->dots_high() ? y + 1 : y - 1;
  canvas->Set(x2, y);
  canvas->Set(x, y2);
  canvas->Set(x2, y2);
}

std::vector<ScatterPoint> Finite(const std::vector<ScatterPoint>& points) {
  std::vector<ScatterPoint> finite;
  for (const ScatterPoint& point : points) {
    if (std::isfinite(point.x) && std::isfinite(point.y)) finite.push_back(point);
  }
  return finite;
}

}  // namespace

std::vector<std::string> ScatterLines(const std::vector<ScatterPoint>& all, const ScatterAxes& axes,
                                      int width, int height) {
  const std::vector<ScatterPoint> points = Finite(all);
  if (points.empty() || width < kMinWidth || height < kMinHeight) return {};
  const Range x_range = RangeOf(points, &ScatterPoint::x);
  const Range y_range = RangeOf(points, &ScatterPoint::y);
  std::vector<std::string> labels(
      static_cast<size_t>(height - 2));  // Below: the axis and its labels.
  labels.front() = axes.y_label(y_range.high);
  labels.back() = axes.y_label(y_range.low);
  const int64_t label_width = std::max(DisplayWidth(labels.front()), DisplayWidth(labels.back()));
  const int64_t plot_width = width - label_width - 2;

  DotCanvas canvas(static_cast<int>(plot_width), height - 2);
  for (const ScatterPoint& point : points) {
    Draw(point.marked, x_range.DotOf(point.x, canvas.dots_wide()),
         y_range.DotOf(point.y, canvas.dots_high()), &canvas);
  }
  std::vector<std::string> lines = canvas.Rows();
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i] = Blanks(label_width - DisplayWidth(labels[i])) + labels[i] +
               (labels[i].empty() ? " │" : " ┤") + lines[i];
    lines[i].erase(lines[i].find_last_not_of(' ') + 1);
  }
  std::string axis = Blanks(label_width) + " └";
  for (int64_t i = 0; i < plot_width; ++i) axis += "─";
  lines.push_back(std::move(axis));
  const std::string left = axes.x_label(x_range.low), right = axes.x_label(x_range.high);
  lines.push_back(Blanks(label_width + 2) + left +
                  Blanks(plot_width - DisplayWidth(left) - DisplayWidth(right)) + right);
  return lines;
}

}  // namespace boardloop
