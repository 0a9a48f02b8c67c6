#include "cli/plot.h"

#include "cli/figures.h"
#include "cli/output.h"
#include "cli/overview_page.h"
#include "core/base/process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kHostile[] = "it's `id` $(id) \"x\" \\n a_b^{c} @d <e> & \x1b\n%s";

TEST(GnuplotQuoteTest, DoublesQuotesAndDropsControls) {
  EXPECT_EQ(GnuplotQuote("it's"), "'it''s'");
  EXPECT_EQ(GnuplotQuote("a\nplot sin(x)"), "'a?plot sin(x)'");
  EXPECT_EQ(GnuplotQuote("\xff"), "'?'");
}

TEST(InlineSvgTest, DropsThePrologAndMakesIdsUnique) {
  EXPECT_EQ(InlineSvg("<?xml version=\"1.0\"?>\n<svg><g id=\"canvas\"/><c id='gpDot'/>"
                      "<use xlink:href='#gpDot'/></svg>",
                      "p1-"),
            "<svg><g id=\"p1-canvas\"/><c id='p1-gpDot'/><use xlink:href='#p1-gpDot'/></svg>");
}

class RenderTest : public testing::Test {
 protected:
  void SetUp() override {
    PrepareStandardStreams();
    if (absl::IsNotFound(RunProcess({"gnuplot", "--version"}, "", {}).status())) {
      GTEST_SKIP() << "gnuplot is not installed";
    }
  }
};

// A plan of a network of three operators, the first two of which run in 2 x 2 tiles.
Plan SmallPlan(int32_t grid) {
  Plan plan;
  plan.patch.grid = grid;
  plan.patch.blocks = 1;
  plan.peak_sram_bytes = 40000;
  for (int32_t i = 0; i < 3; ++i) {
    Step step;
    step.name = kHostile;
    step.ops = {i};
    step.in_patch = grid > 1 && i < 2;
    step.live_bytes = 30000 + 1000 * i;
    step.scratch_bytes = 500;
    plan.steps.push_back(step);
  }
  return plan;
}

TEST_F(RenderTest, LayerFigureShowsHostileNamesAsText) {
  absl::StatusOr<std::string> svg =
      RenderSvg(LayerSramFigure(kHostile, SmallPlan(2), SmallPlan(1), 65536));
  ASSERT_THAT(svg, IsOk());
  EXPECT_THAT(*svg, StartsWith("<?xml"));
  EXPECT_THAT(*svg, HasSubstr("it's `id` $(id) \"x\" \\n a_b^{c} @d &lt;e> &amp; ??%s")) << "title";
  EXPECT_THAT(*svg, HasSubstr("@d &lt;e> &amp; ??%s</text>\n\t</g>")) << "label of a tic";
  EXPECT_THAT(*svg, Not(HasSubstr("0.000000"))) << "a '%' is not a format";
  EXPECT_THAT(*svg, HasSubstr("limit 64 kB"));
  EXPECT_THAT(*svg, HasSubstr("2 x 2 tiles"));
}

TEST_F(RenderTest, LayerFigureWithoutLimitOrPatchesHasNeitherInItsLegend) {
  absl::StatusOr<std::string> svg =
      RenderSvg(LayerSramFigure("net", SmallPlan(1), SmallPlan(1), std::nullopt));
  ASSERT_THAT(svg, IsOk());
  EXPECT_THAT(*svg, Not(HasSubstr("limit")));
  EXPECT_THAT(*svg, Not(HasSubstr("tiles")));
}

TEST_F(RenderTest, CdfFigureNamesTheBestSpacesOnly) {
  std::vector<SpaceStatistics> spaces(3);
  for (int32_t i = 0; i < 3; ++i) {
    spaces[i].width_mult = 0.1 * (i + 3);
    spaces[i].resolution = 96;
    spaces[i].rank = i;  // The first is not ranked.
    spaces[i].mean_macs = 2e6;
    spaces[i].macs = {1000000, 2000000, 3000000};
  }
  absl::StatusOr<std::string> svg = RenderSvg(SpaceCdfFigure("title", spaces, 10));
  ASSERT_THAT(svg, IsOk());
  EXPECT_THAT(*svg, HasSubstr("w0.4-r96: 2.0M"));
  EXPECT_THAT(*svg, Not(HasSubstr("w0.3-r96")));
}

TEST_F(RenderTest, BarFigureTakesZeroAndLimit) {
  BarPanel panel = {"t", "MB", {{"zero", 0, "0 MB"}, {"one", 1, "1 MB", true}}, 0.5, "the limit"};
  absl::StatusOr<std::string> svg = RenderSvg(BarFigure({panel, panel}));
  ASSERT_THAT(svg, IsOk());
  EXPECT_THAT(*svg, HasSubstr("the limit"));
}

TEST_F(RenderTest, ScriptThatGnuplotRefusesIsAnErrorWithItsComplaint) {
  EXPECT_THAT(RenderSvg("plot nonsense(\n"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("invalid expression")));
}

}  // namespace
}  // namespace boardloop
