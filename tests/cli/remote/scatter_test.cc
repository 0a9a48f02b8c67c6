#include "cli/remote/scatter.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "cli/remote/dot_canvas.h"
#include "core/base/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Label(double value) { return absl::StrCat(value); }

TEST(DotCanvasTest, DotsHaveTheBitsOfBraille) {
  DotCanvas canvas(2, 1);
  canvas.Set(0, 3);  // Top left: dot 1.
  canvas.Set(1, 0);  // Bottom right: dot 8.
  EXPECT_THAT(canvas.Rows(), ElementsAre("\u2881 "));
}

TEST(DotCanvasTest, EveryDotOfACell) {
  DotCanvas canvas(1, 1);
  for (int x = 0; x < 2; ++x) {
    for (int y = 0; y < 4; ++y) canvas.Set(x, y);
  }
  EXPECT_THAT(canvas.Rows(), ElementsAre("\u28ff"));
}

TEST(DotCanvasTest, DotsOutsideAreLeftOut) {
  DotCanvas canvas(1, 1);
  canvas.Set(-1, 0);
  canvas.Set(0, -1);
  canvas.Set(2, 0);
  canvas.Set(0, 4);
  EXPECT_THAT(canvas.Rows(), ElementsAre(" "));
}

TEST(ScatterLinesTest, DrawsPointsAndAxes) {
  EXPECT_THAT(ScatterLines({{0, 10, false}, {5, 20, true}}, {Label, Label}, 24, 5),
              ElementsAre("20 ┤                   ⠛",  //
                          "   │",                      //
                          "10 ┤⡀",                     //
                          "   └────────────────────",  //
                          "    0                  5"));
}

TEST(ScatterLinesTest, FitsEverySize) {
  const std::vector<ScatterPoint> points = {{1, 1, true}, {2, 3, true}, {4, 2, false}};
  for (int width = 24; width < 100; ++width) {
    for (int height = 4; height < 20; ++height) {
      const std::vector<std::string> lines = ScatterLines(points, {Label, Label}, width, height);
      EXPECT_THAT(lines, SizeIs(height));
      for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), width);
    }
  }
}

TEST(ScatterLinesTest, DrawsASinglePoint) {
  EXPECT_THAT(ScatterLines({{3, 3, true}}, {Label, Label}, 40, 8), SizeIs(8));
}

TEST(ScatterLinesTest, DrawsNothingWithoutPointsOrRoom) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(ScatterLines({}, {Label, Label}, 40, 8), IsEmpty());
  EXPECT_THAT(ScatterLines({{nan, 1, true}}, {Label, Label}, 40, 8), IsEmpty());
  EXPECT_THAT(ScatterLines({{1, 1, true}}, {Label, Label}, 10, 8), IsEmpty());
  EXPECT_THAT(ScatterLines({{1, 1, true}}, {Label, Label}, 40, 3), IsEmpty());
}

}  // namespace
}  // namespace boardloop
