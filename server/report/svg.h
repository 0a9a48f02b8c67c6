// Writes one SVG element for an HTML page, mark by mark. Colours, fonts and strokes are not in it:
// marks carry classes that the page's style sheet (page.css) knows, so that one drawing works in
// light and dark mode.
//
// Invariants:
//   (1) The result is well-formed whatever the texts are: all are escaped.
//   (2) Every coordinate is a finite number: one that is not is written as 0.
//   (3) Nothing in it refers to anything outside of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace boardloop::report {

// ` name="value"`, the value escaped; for `attributes` below.
std::string Attribute(const std::string& name, const std::string& value);

// At most two decimals, none that is not needed: "12.5".
std::string Coordinate(double value);

using Point = std::pair<double, double>;

enum class Anchor { kStart, kMiddle, kEnd };

class Svg {
 public:
  // `id` is unique on the page. Title and description are read out in the place of the drawing.
  Svg(double width, double height, const std::string& id, const std::string& title,
      const std::string& description, const std::string& css_class);

  // `attributes` come from Attribute().
  void Line(Point from, Point to, const std::string& css_class);
  void Rect(Point corner, double width, double height, const std::string& css_class,
            const std::string& attributes = "");
  void Circle(Point centre, double radius, const std::string& css_class,
              const std::string& attributes = "");
  // An x in a box of side 2 * radius.
  void Cross(Point centre, double radius, const std::string& css_class,
             const std::string& attributes = "");
  // Through the points; nothing for fewer than two.
  void Polyline(const std::vector<Point>& points, const std::string& css_class,
                const std::string& attributes = "");
  void Polygon(const std::vector<Point>& points, const std::string& css_class);
  // `degrees` turns it around `at`, clockwise.
  void Text(Point at, const std::string& text, const std::string& css_class, Anchor anchor,
            double degrees = 0);

  std::string Finish() &&;  // The whole element.

 private:
  std::string text_;
};

}  // namespace boardloop::report
