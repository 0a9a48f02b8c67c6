#include "server/report/svg.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/text.h"

namespace boardloop::report {
namespace {

std::string Class(const std::string& css_class) {
  return css_class.empty() ? "" : Attribute("class", css_class);
}

std::string Pair(Point point) {
  return absl::StrCat(Coordinate(point.first), " ", Coordinate(point.second));
}

std::string PathThrough(const std::vector<Point>& points) {
  std::string path;
  for (size_t i = 0; i < points.size(); ++i) {
    absl::StrAppend(&path, i == 0 ? "M" : "L", Pair(points[i]));
  }
  return path;
}

}  // namespace

std::string Attribute(const std::string& name, const std::string& value) {
  return absl::StrCat(" ", name, "=\"", EscapeHtml(value), "\"");
}

std::string Coordinate(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = absl::StrFormat("%.2f", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

Svg::Svg(double width, double height, const std::string& id, const std::string& title,
         const std::string& description, const std::string& css_class) {
  // tabindex: the arrow keys walk through its marks (page.js).
  text_ = absl::StrCat(
      "<svg viewBox=\"0 0 ", Coordinate(width), " ", Coordinate(height), "\" role=\"img\"",
      Attribute("id", id), Class(css_class), Attribute("aria-labelledby", id + "-t " + id + "-d"),
      " tabindex=\"0\">\n<title", Attribute("id", id + "-t"), ">", EscapeHtml(title),
      "</title><desc", Attribute("id", id + "-d"), ">", EscapeHtml(description), "</desc>\n");
}

void Svg::Line(Point from, Point to, const std::string& css_class) {
  absl::StrAppend(&text_, "<path d=\"M", Pair(from), "L", Pair(to), "\"", Class(css_class), "/>\n");
}

void Svg::Rect(Point corner, double width, double height, const std::string& css_class,
               const std::string& attributes) {
  absl::StrAppend(&text_, "<rect x=\"", Coordinate(corner.first), "\" y=\"",
                  Coordinate(corner.second), "\" width=\"", Coordinate(std::fmax(width, 0)),
                  "\" height=\"", Coordinate(std::fmax(height, 0)), "\"", Class(css_class),
                  attributes, "/>\n");
}

void Svg::Circle(Point centre, double radius, const std::string& css_class,
                 const std::string& attributes) {
  absl::StrAppend(&text_, "<circle cx=\"", Coordinate(centre.first), "\" cy=\"",
                  Coordinate(centre.second), "\" r=\"", Coordinate(radius), "\"", Class(css_class),
                  attributes, "/>\n");
}

void Svg::Cross(Point centre, double radius, const std::string& css_class,
                const std::string& attributes) {
  const double r = radius;
  const auto [x, y] = centre;
  absl::StrAppend(&text_, "<path d=\"", PathThrough({{x - r, y - r}, {x + r, y + r}}),
                  PathThrough({{x - r, y + r}, {x + r, y - r}}), "\"", Class(css_class), attributes,
                  "/>\n");
}

void Svg::Polyline(const std::vector<Point>& points, const std::string& css_class,
                   const std::string& attributes) {
  if (points.size() < 2) return;
  absl::StrAppend(&text_, "<path d=\"", PathThrough(points), "\"", Class(css_class), attributes,
                  "/>\n");
}

void Svg::Polygon(const std::vector<Point>& points, const std::string& css_class) {
  if (points.size() < 3) return;
  absl::StrAppend(&text_, "<path d=\"", PathThrough(points), "Z\"", Class(css_class), "/>\n");
}

void Svg::Text(Point at, const std::string& text, const std::string& css_class, Anchor anchor,
               double degrees) {
  absl::StrAppend(&text_, "<text x=\"", Coordinate(at.first), "\" y=\"", Coordinate(at.second),
                  "\"", Class(css_class));
  if (anchor == Anchor::kMiddle) absl::StrAppend(&text_, " text-anchor=\"middle\"");
  if (anchor == Anchor::kEnd) absl::StrAppend(&text_, " text-anchor=\"end\"");
  if (degrees != 0) {
    absl::StrAppend(&text_, " transform=\"rotate(", Coordinate(degrees), " ", Pair(at), ")\"");
  }
  absl::StrAppend(&text_, ">", EscapeHtml(text), "</text>\n");
}

std::string Svg::Finish() && { return std::move(text_) + "</svg>\n"; }

}  // namespace boardloop::report
