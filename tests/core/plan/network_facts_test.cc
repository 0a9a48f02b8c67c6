#include "core/plan/network_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/plan/flash_use.h"
#include "core/plan/step_work.h"
#include "tests/core/plan/networks.h"
#include "tests/support/random_graph.h"

namespace boardloop {
namespace {

using ::testing::MatchesRegex;

Plan PlanOf(const Graph& graph, const PlanOptions& options = {}) {
  const absl::StatusOr<Plan> plan = PlanGraph(graph, options);
  CHECK(plan.ok()) << plan.status();
  return *plan;
}

PlanOptions Patched() {
  PlanOptions options;
  options.sram_limit = 1;
  return options;
}

TEST(NetworkFactsTest, AreThoseOfGraphAndPlan) {
  const Graph graph = Vww1();
  const Plan plan = PlanOf(graph);
  const NetworkFacts facts = FactsOf(graph, plan);
  EXPECT_EQ(facts.macs, Measure(graph).macs);
  EXPECT_EQ(facts.params, Measure(graph).params);
  EXPECT_EQ(facts.flash_bytes, FlashAtMost(graph, plan));
  EXPECT_EQ(facts.sram_bytes, plan.peak_sram_bytes);
  EXPECT_TRUE(facts.fits_sram);
  EXPECT_FALSE(FactsOf(graph, PlanOf(graph, Patched())).fits_sram);
  EXPECT_THAT(facts.graph_digest, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_THAT(facts.plan_digest, MatchesRegex("[0-9a-f]{32}"));
}

TEST(NetworkFactsTest, PlanSubnetGivesTheSameFacts) {
  const absl::StatusOr<Space> space = SpacePreset("mbv2-small-image");
  ASSERT_TRUE(space.ok());
  const Subnet subnet = SmallestSubnet(*space, 0.2, 28);
  const absl::StatusOr<PlannedNetwork> network = PlanSubnet(*space, subnet, {});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->facts.plan_digest, FactsOf(network->graph, network->plan).plan_digest);
  EXPECT_EQ(network->facts.graph_digest,
            FactsOf(SubnetGraph(CanonicalText(subnet)), network->plan).graph_digest);
}

// Programs of all versions must agree, else the measurement cache forgets what it knows: when one
// of these changes, the first line of its text needs another version.
TEST(NetworkFactsTest, DigestsAreStable) {
  Plan plan;  // Made by hand: a better planner makes other plans.
  plan.steps = {{"stem", {0}, true, 0, 128, 64, 0}};
  plan.placements = {{3, 8, 256, 1, 2, 4, -1}};
  plan.patch = {2, 1, 1, 0};
  plan.region_bytes = {512, 256};
  const NetworkFacts facts = FactsOf(Vww1(), plan);
  EXPECT_EQ(facts.graph_digest, "aa8a3420799f906485953066c9c24c50");
  EXPECT_EQ(facts.plan_digest, "aba63efaf68209594a1ceddb4075d247");
}

TEST(DigestTextTest, HasEveryFieldOfAGraphThatMatters) {
  const Graph graph = Vww1();
  const std::function<void(Graph&)> changes[] = {
      [](Graph& g) { g.tensors[3].shape.width += 1; },
      [](Graph& g) { g.tensors[3].constant = true; },
      [](Graph& g) { g.ops[2].kind = OpKind::kMaxPool; },
      [](Graph& g) { g.ops[2].name += "x"; },
      [](Graph& g) { g.ops[2].inputs[0] -= 1; },
      [](Graph& g) { g.ops[2].output += 1; },
      [](Graph& g) { g.ops[2].activation = Activation::kReluN1To1; },
      [](Graph& g) { g.ops[2].axis = Axis::kWidth; },
      [](Graph& g) { g.ops[2].window.pad_right += 1; },
      [](Graph& g) { g.ops[2].out_channels += 1; },
      [](Graph& g) { g.ops[2].reshape.height += 1; },
      [](Graph& g) { g.ops[2].align_corners = true; },
      [](Graph& g) { g.ops[2].half_pixel_centers = true; },
      [](Graph& g) { g.ops[2].beta = 1.0000001F; },
      [](Graph& g) { g.input += 1; },
      [](Graph& g) { g.outputs[0] -= 1; }};
  std::set<std::string> texts = {DigestText(graph)};
  for (const auto& change : changes) {
    Graph changed = graph;
    change(changed);
    EXPECT_TRUE(texts.insert(DigestText(changed)).second) << DigestText(changed);
  }
  Graph renamed = graph;
  renamed.name = "other";
  renamed.tensors[2].name = "other";
  EXPECT_EQ(DigestText(renamed), DigestText(graph));
}

TEST(DigestTextTest, HasEveryFieldOfAPlanThatMatters) {
  const Plan plan = PlanOf(Vww1(), Patched());
  ASSERT_GT(plan.patch.grid, 1);
  const std::function<void(Plan&)> changes[] = {[](Plan& p) { p.input = InputMode::kStreamed; },
                                                [](Plan& p) { p.patch.grid += 1; },
                                                [](Plan& p) { p.patch.ops += 1; },
                                                [](Plan& p) { p.steps[1].ops[0] += 1; },
                                                [](Plan& p) { p.steps[0].in_patch = false; },
                                                [](Plan& p) { p.steps[1].scratch_bytes += 4; },
                                                [](Plan& p) { p.steps[1].scratch_offset += 4; },
                                                [](Plan& p) { p.steps[1].scratch_region += 1; },
                                                [](Plan& p) { p.placements[1].offset += 4; },
                                                [](Plan& p) { p.placements[1].region += 1; },
                                                [](Plan& p) { p.placements[1].in_place_of = 77; },
                                                [](Plan& p) { p.region_bytes[0] += 4; }};
  std::set<std::string> texts = {DigestText(plan)};
  for (const auto& change : changes) {
    Plan changed = plan;
    change(changed);
    EXPECT_TRUE(texts.insert(DigestText(changed)).second) << DigestText(changed);
  }
}

// ---- Steps.

TEST(WorkOfStepsTest, AddsUpToThePlansMacs) {
  for (const PlanOptions& options : {PlanOptions(), Patched()}) {
    const Graph graph = Vww1();
    const Plan plan = PlanOf(graph, options);
    int64_t macs = 0;
    for (const StepWork& work : WorkOfSteps(graph, plan)) macs += work.macs;
    EXPECT_EQ(macs, plan.patch.macs);
  }
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Graph graph = RandomGraph(seed);
    const Plan plan = PlanOf(graph, Patched());
    const std::vector<StepWork> works = WorkOfSteps(graph, plan);
    ASSERT_EQ(works.size(), plan.steps.size());
    int64_t macs = 0;
    for (const StepWork& work : works) macs += work.macs;
    EXPECT_EQ(macs, plan.patch.macs) << "seed " << seed;
  }
}

TEST(WorkOfStepsTest, DescribesAStep) {
  const Graph graph = Vww1();  // 80x80x3, a stem of 16 channels.
  PlanOptions options;
  options.patch = false;
  const std::vector<StepWork> works = WorkOfSteps(graph, PlanOf(graph, options));
  const StepWork& stem = works[0];
  EXPECT_EQ(stem.name, "stem");
  EXPECT_EQ(stem.op, "CONV_2D");
  EXPECT_EQ(stem.kind, "CONV_2D k3 s2");
  EXPECT_EQ(stem.calls, 1);
  EXPECT_EQ(stem.inputs, 80 * 80 * 3);
  EXPECT_EQ(stem.outputs, 40 * 40 * 16);
  EXPECT_EQ(stem.pixels, 40 * 40);
  EXPECT_EQ(stem.rows, 40 * 16);
  EXPECT_EQ(stem.channels, 16);
  EXPECT_EQ(stem.macs, 40 * 40 * 16 * 27);
  EXPECT_TRUE(std::any_of(works.begin(), works.end(), [](const StepWork& work) {
    return work.kind == "CONV_2D k1 s1 + ADD" && work.op == "CONV_2D + ADD";
  }));
}

TEST(WorkOfStepsTest, CountsTiles) {
  const Graph graph = Vww1();
  const Plan plan = PlanOf(graph, Patched());
  const std::vector<StepWork> works = WorkOfSteps(graph, plan);
  EXPECT_EQ(works.front().calls, plan.patch.grid * plan.patch.grid);
  EXPECT_GT(works.front().outputs, 40 * 40 * 16);  // With halos.
  EXPECT_EQ(works.back().calls, 1);
}

}  // namespace
}  // namespace boardloop
