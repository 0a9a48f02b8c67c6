#include "server/report/svg.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/report/markup.h"
#include "tests/support/status_matchers.h"

namespace boardloop::report {
namespace {

TEST(CoordinateTest, HasNoMoreDecimalsThanItNeeds) {
  EXPECT_EQ(Coordinate(12), "12");
  EXPECT_EQ(Coordinate(12.5), "12.5");
  EXPECT_EQ(Coordinate(1.0 / 3), "0.33");
  EXPECT_EQ(Coordinate(-0.001), "0");
  EXPECT_EQ(Coordinate(100), "100");
}

TEST(CoordinateTest, IsAlwaysANumber) {
  EXPECT_EQ(Coordinate(std::numeric_limits<double>::quiet_NaN()), "0");
  EXPECT_EQ(Coordinate(std::numeric_limits<double>::infinity()), "0");
}

TEST(SvgTest, IsWellFormedWhateverTheTextsAre) {
  const std::string hostile = "\"><script>&'\x02";
  Svg svg(100, 50, "id", hostile, hostile, "plot");
  svg.Text({1, 2}, hostile, "tick", Anchor::kMiddle, -90);
  svg.Rect({1, 2}, -3, 4, "box", Attribute("data-tip", hostile));
  svg.Circle({1, 2}, 3, "dot");
  svg.Cross({1, 2}, 3, "cross");
  svg.Line({0, 0}, {1, 1}, "line");
  svg.Polyline({{0, 0}, {1, 1}}, "line");
  svg.Polygon({{0, 0}, {1, 1}, {1, 0}}, "area");
  const auto elements = ParseMarkup(std::move(svg).Finish());
  ASSERT_THAT(elements, IsOk());
  EXPECT_EQ(Named(*elements, "script").size(), 0);
  ASSERT_EQ(Named(*elements, "text").size(), 1);
  EXPECT_EQ(Named(*elements, "text")[0].text, "\"><script>&'?");
  EXPECT_EQ(Named(*elements, "rect")[0].attributes.at("data-tip"), "\"><script>&'?");
  EXPECT_EQ(Named(*elements, "rect")[0].attributes.at("width"), "0") << "none is negative";
}

TEST(SvgTest, IsReadOutByTitleAndDescription) {
  const auto elements = ParseMarkup(Svg(10, 10, "x", "Title", "What it shows", "plot").Finish());
  ASSERT_THAT(elements, IsOk());
  EXPECT_EQ((*elements)[0].attributes.at("aria-labelledby"), "x-t x-d");
  EXPECT_EQ(Named(*elements, "title")[0].attributes.at("id"), "x-t");
  EXPECT_EQ(Named(*elements, "desc")[0].text, "What it shows");
}

TEST(SvgTest, LinesNeedTwoPoints) {
  Svg svg(10, 10, "x", "", "", "");
  svg.Polyline({{1, 1}}, "line");
  svg.Polyline({}, "line");
  const auto elements = ParseMarkup(std::move(svg).Finish());
  ASSERT_THAT(elements, IsOk());
  EXPECT_EQ(Named(*elements, "path").size(), 0);
}

}  // namespace
}  // namespace boardloop::report
