#include "core/plan/plan.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/base/random.h"
#include "core/plan/accounting_rules.h"
#include "tests/core/plan/networks.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr char kMobileNetV2[] = "mobilenet_v2:width=1,res=224,classes=1000";

Plan PlanOrDie(const Graph& graph, const PlanOptions& options) {
  absl::StatusOr<Plan> plan = PlanGraph(graph, options);
  CHECK(plan.ok()) << plan.status();
  EXPECT_THAT(CheckPlan(graph, *plan), IsOk());
  return *std::move(plan);
}

double ExtraMacs(const Graph& graph, const Plan& plan) {
  double macs = static_cast<double>(Measure(graph).macs);
  return static_cast<double>(plan.patch.macs) / macs - 1;
}

TEST(PlanTest, Vww1LayerByLayerIsBelowTinyEngine) {
  Graph graph = Vww1();
  Plan plan = PlanOrDie(graph, {.patch = false});
  EXPECT_LE(plan.peak_sram_bytes, 93992);  // TinyEngine, rule E.
  EXPECT_EQ(plan.patch.grid, 1);
  EXPECT_EQ(plan.patch.macs, Measure(graph).macs);
}

TEST(PlanTest, Vww1InPatchesWithStreamedInput) {
  Graph graph = Vww1();
  Plan plan = PlanOrDie(graph, {.patch_max_macs = 0.10, .input = InputMode::kStreamed});
  EXPECT_LE(plan.peak_sram_bytes, 40000);
  EXPECT_LE(ExtraMacs(graph, plan), 0.10);
}

TEST(PlanTest, In3LayerByLayerIsBelowXCubeAi) {
  EXPECT_LE(PlanOrDie(In3(), {.patch = false}).peak_sram_bytes, 248832);  // 243 kB.
}

TEST(PlanTest, In3InPatchesWithResidentInput) {
  Graph graph = In3();
  Plan plan = PlanOrDie(graph, {.patch_max_macs = 0.05});
  EXPECT_LE(plan.peak_sram_bytes, 190000);
  EXPECT_LE(ExtraMacs(graph, plan), 0.05);
}

TEST(PlanTest, In3InPatchesWithStreamedInput) {
  Graph graph = In3();
  Plan plan = PlanOrDie(graph, {.patch_max_macs = 0.30, .input = InputMode::kStreamed});
  EXPECT_LE(plan.peak_sram_bytes, 140000);
  EXPECT_LE(ExtraMacs(graph, plan), 0.30);
}

TEST(PlanTest, MobileNetV2InPatchesAsThePaper) {
  Graph graph = ReferenceGraph(kMobileNetV2);
  Plan plan = PlanOrDie(graph, {.patch_max_macs = 0.13, .input = InputMode::kStreamed});
  EXPECT_LE(plan.peak_sram_bytes, 180224);
  EXPECT_LE(ExtraMacs(graph, plan), 0.13);
}

TEST(PlanTest, ALimitTakesTheFewestExtraMacs) {
  Graph graph = In3();
  Plan tight = PlanOrDie(graph, {.sram_limit = 140000, .input = InputMode::kStreamed});
  Plan loose = PlanOrDie(graph, {.sram_limit = 187000, .input = InputMode::kStreamed});
  EXPECT_TRUE(tight.meets_limit);
  EXPECT_TRUE(loose.meets_limit);
  EXPECT_LE(tight.peak_sram_bytes, 140000);
  EXPECT_LT(loose.patch.macs, tight.patch.macs);
}

TEST(PlanTest, ALimitThatLayerByLayerMeetsCostsNothing) {
  Plan plan = PlanOrDie(Vww1(), {.sram_limit = 100000});
  EXPECT_EQ(plan.patch.grid, 1);
  EXPECT_TRUE(plan.meets_limit);
}

TEST(PlanTest, AnImpossibleLimitGivesTheSmallestPlan) {
  Graph graph = Vww1();
  Plan plan = PlanOrDie(graph, {.sram_limit = 1000});
  EXPECT_FALSE(plan.meets_limit);
  EXPECT_LE(plan.peak_sram_bytes, PlanOrDie(graph, {.patch_max_macs = 100}).peak_sram_bytes);
}

TEST(PlanTest, AHugeLimitIsMet) {
  EXPECT_TRUE(PlanOrDie(Vww1(), {.sram_limit = int64_t{1} << 40}).meets_limit);
}

TEST(PlanTest, RefusesOptionsOutOfRange) {
  Graph graph = Vww1();
  EXPECT_THAT(PlanGraph(graph, {.sram_limit = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at least 1")));
  EXPECT_THAT(PlanGraph(graph, {.patch_max_macs = -0.1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("extra MACs")));
  EXPECT_THAT(PlanGraph(graph, {.patch_max_macs = std::numeric_limits<double>::quiet_NaN()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("extra MACs")));
  EXPECT_THAT(PlanGraph(graph, {.regions = {1000, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("region")));
}

TEST(PlanTest, AStreamedInputCountsTheRowsUnderTheWindow) {
  GraphBuilder builder("stem");
  int32_t in = builder.Input({32, 32, 3});
  int32_t out = builder.Conv("stem", in, 4, CenteredWindow(3, 2), Activation::kNone);
  absl::StatusOr<Graph> graph = std::move(builder).Build({out});
  ASSERT_TRUE(graph.ok());
  Plan plan = PlanOrDie(*graph, {.patch = false, .input = InputMode::kStreamed});
  EXPECT_EQ(plan.arena_bytes, 3 * 32 * 3 + 16 * 16 * 4);
}

TEST(PlanTest, ASecondRegionTakesWhatTheFirstCannotHold) {
  Graph graph = Vww1();
  Plan one = PlanOrDie(graph, {.patch = false, .regions = {60000}});
  EXPECT_FALSE(one.meets_limit);
  Graph in3 = In3();
  // 216,944 B in one piece: the image in one memory, what the stem makes of it in the other.
  Plan two = PlanOrDie(in3, {.patch = false, .regions = {190000, 95000}});
  EXPECT_TRUE(two.meets_limit);
  EXPECT_LE(two.region_bytes[0], 190000);
  EXPECT_LE(two.region_bytes[1], 95000);
}

TEST(PlanTest, ScratchGrowsIntoFreeMemory) {
  Graph graph = Vww1();
  Plan plan = PlanOrDie(graph, {.patch = false});
  // The last depthwise convolution has the whole arena around it: it gets its full plane.
  const Step& last = plan.steps[plan.steps.size() - 4];
  ASSERT_EQ(graph.ops[last.ops[0]].kind, OpKind::kDepthwiseConv2d);
  EXPECT_GE(last.scratch_bytes, 9 * 10 * 2);
}

TEST(PlanTest, RandomBranchingGraphsHaveValidPlans) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Graph graph = RandomGraph(seed, {.ops = 20, .max_extent = 32, .branch = 0.4});
    ASSERT_THAT(Validate(graph), IsOk());
    for (InputMode input : {InputMode::kResident, InputMode::kStreamed}) {
      Plan layered = PlanOrDie(graph, {.patch = false, .input = input, .node_budget = 1000});
      Plan patched = PlanOrDie(graph, {.patch_max_macs = 10, .input = input, .node_budget = 1000});
      EXPECT_LE(patched.peak_sram_bytes, layered.peak_sram_bytes);
    }
  }
}

TEST(PlanTest, SubnetsOfThePapersSpaceReachTheirLowerBound) {
  absl::StatusOr<Space> space = SpacePreset("mbv2-imagenet");
  ASSERT_THAT(space, IsOk());
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    absl::StatusOr<Graph> graph = BuildSubnet(*space, SampleSubnet(*space, 0.5, 144, random));
    ASSERT_THAT(graph, IsOk());
    Plan plan = PlanOrDie(*graph, {.patch = false});
    EXPECT_EQ(plan.peak_sram_bytes, plan.lower_bound_bytes);
    EXPECT_LE(plan.peak_sram_bytes, CountByRules(*graph).e);
  }
}

TEST(PlanTest, CheckPlanFindsOverlaps) {
  Graph graph = Vww1();
  Plan plan = PlanOrDie(graph, {.patch = false});
  for (Placement& placement : plan.placements) {
    placement.offset = 0;
    placement.in_place_of = -1;
  }
  EXPECT_THAT(CheckPlan(graph, plan), StatusIs(absl::StatusCode::kInternal, HasSubstr("overlap")));
}

TEST(PlanTest, ThePlanOfAGraphIsTheSameEveryTime) {
  Graph graph = In3();
  Plan a = PlanOrDie(graph, {}), b = PlanOrDie(graph, {});
  ASSERT_EQ(a.placements.size(), b.placements.size());
  for (size_t i = 0; i < a.placements.size(); ++i) {
    EXPECT_EQ(a.placements[i].offset, b.placements[i].offset);
  }
}

}  // namespace
}  // namespace boardloop
