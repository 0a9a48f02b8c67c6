#include "server/report/plot.h"

#include <algorithm>
#include <cmath>

#include "core/base/numbers.h"

namespace boardloop::report {
namespace {

constexpr double kTickLength = 5;
constexpr double kTextHeight = 12;
constexpr int kMaxTicks = 50;
// Of a digit at the size of tick labels: enough to tell where a text ends.
constexpr double kCharacterWidth = 6.4;

double Fraction(double value, double low, double high) { return (value - low) / (high - low); }

}  // namespace

std::vector<double> RoundTicks(double low, double high, int count) {
  if (!std::isfinite(low) || !std::isfinite(high) || high <= low || count < 1) return {};
  const double raw = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double lead = raw / power;
  const double step = (lead <= 1.5 ? 1 : lead <= 3.5 ? 2 : lead <= 7.5 ? 5 : 10) * power;
  std::vector<double> ticks;
  // A hair of room, so that rounding does not lose a tick at an end.
  const double room = step * 1e-9;
  for (double i = std::ceil((low - room) / step); i * step <= high + room; ++i) {
    if (ticks.size() >= kMaxTicks) break;
    ticks.push_back(i * step);
  }
  return ticks;
}

int TickDecimals(const std::vector<double>& ticks) {
  if (ticks.size() < 2) return 0;
  const double step = std::fabs(ticks[1] - ticks[0]);
  if (!(step > 0)) return 0;
  return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
}

PlotAxis NumberAxis(const std::string& title, double low, double high, int ticks) {
  if (!std::isfinite(low)) low = 0;
  if (!std::isfinite(high) || high <= low) high = low + 1;
  PlotAxis axis;
  axis.title = title;
  axis.low = low;
  axis.high = high;
  axis.ticks = RoundTicks(low, high, ticks);
  const int decimals = TickDecimals(axis.ticks);
  for (const double tick : axis.ticks) axis.labels.push_back(FormatDecimal(tick + 0.0, decimals));
  return axis;
}

Plot::Plot(const Canvas& canvas, double height, const Margins& margins, const Caption& caption,
           const PlotAxis& x, const PlotAxis& y, const std::string& css_class)
    : left_(margins.left),
      right_(canvas.width - margins.right),
      top_(margins.top),
      bottom_(height - margins.bottom),
      x_(x),
      y_(y),
      svg_(canvas.width, height, caption.id, caption.title, caption.description, css_class) {
  DrawY(margins);
  DrawX();
}

double Plot::X(double value) const {
  return left_ + Fraction(value, x_.low, x_.high) * (right_ - left_);
}

double Plot::Y(double value) const {
  return bottom_ - Fraction(value, y_.low, y_.high) * (bottom_ - top_);
}

void Plot::DrawX() {
  for (size_t i = 0; i < x_.ticks.size(); ++i) {
    const double x = X(x_.ticks[i]);
    if (x_.grid) svg_.Line({x, top_}, {x, bottom_}, "grid");
    svg_.Line({x, bottom_}, {x, bottom_ + kTickLength}, "axis");
    // A label at the very end must not leave the drawing.
    const double half = kCharacterWidth * static_cast<double>(x_.labels[i].size()) / 2;
    const bool at_end = x + half > right_ + 12;
    svg_.Text({at_end ? right_ + 12 : x, bottom_ + kTickLength + kTextHeight}, x_.labels[i], "tick",
              at_end ? Anchor::kEnd : Anchor::kMiddle);
  }
  svg_.Line({left_, bottom_}, {right_, bottom_}, "axis");
  svg_.Text({(left_ + right_) / 2, bottom_ + x_.title_offset}, x_.title, "title", Anchor::kMiddle);
}

void Plot::DrawY(const Margins& margins) {
  for (size_t i = 0; i < y_.ticks.size(); ++i) {
    const double y = Y(y_.ticks[i]);
    if (y_.grid) svg_.Line({left_, y}, {right_, y}, "grid");
    svg_.Text({left_ - 8, y + 4}, y_.labels[i], "tick", Anchor::kEnd);
  }
  svg_.Line({left_, top_}, {left_, bottom_}, "axis");
  if (!y_.title.empty()) {
    svg_.Text({left_ - margins.left + 14, (top_ + bottom_) / 2}, y_.title, "title", Anchor::kMiddle,
              -90);
  }
}

void Plot::LimitAtX(double value, const std::string& text) {
  const double x = X(value);
  svg_.Line({x, top_}, {x, bottom_}, "limit");
  // On the side with more room.
  const bool left_half = x < (left_ + right_) / 2;
  svg_.Text({left_half ? x + 5 : x - 5, top_ + 12}, text, "limit-text",
            left_half ? Anchor::kStart : Anchor::kEnd);
}

void Plot::LimitAtY(double value, const std::string& text) {
  const double y = Y(value);
  svg_.Line({left_, y}, {right_, y}, "limit");
  svg_.Text({right_ - 2, y - 5}, text, "limit-text", Anchor::kEnd);
}

}  // namespace boardloop::report
