// The planner on 1,000 random subnets of the papers' space (W 0.2 to 1.0, R 48 to 224, drawn
// uniformly): time per plan, and the gap between the arena and its lower bound.
//
//   build/release/bench/planner_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/plan/plan.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

constexpr int kSubnets = 1000;

Subnet RandomSubnet(const Space& space, uint64_t index) {
  Random random = Random::ForItem(/*seed=*/1, index);
  double width = space.width_mults(static_cast<int>(random.Below(space.width_mults_size())));
  int32_t side = space.resolutions(static_cast<int>(random.Below(space.resolutions_size())));
  return SampleSubnet(space, width, side, random);
}

const std::vector<Graph>& RandomSubnets() {
  static const std::vector<Graph>* graphs = [] {
    absl::StatusOr<Space> space = SpacePreset("mbv2-imagenet");
    CHECK(space.ok()) << space.status();
    auto* made = new std::vector<Graph>;
    for (int i = 0; i < kSubnets; ++i) {
      absl::StatusOr<Graph> graph = BuildSubnet(*space, RandomSubnet(*space, i));
      CHECK(graph.ok()) << graph.status();
      made->push_back(*std::move(graph));
    }
    return made;
  }();
  return *graphs;
}

// Counters: median, 99th percentile and maximum of the time of one plan over the subnets, in
// milliseconds; share of plans above their lower bound and the largest gap, in percent.
void PlanSubnets(benchmark::State& state, bool patch) {
  const std::vector<Graph>& graphs = RandomSubnets();
  PlanOptions options;
  options.patch = patch;
  std::vector<double> times;
  int above_bound = 0;
  double largest_gap = 0;
  for (auto _ : state) {
    times.clear();
    above_bound = 0;
    for (const Graph& graph : graphs) {
      auto start = std::chrono::steady_clock::now();
      absl::StatusOr<Plan> plan = PlanGraph(graph, options);
      std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
      CHECK(plan.ok()) << plan.status();
      times.push_back(time.count());
      double gap = static_cast<double>(plan->peak_sram_bytes) /
                       static_cast<double>(plan->lower_bound_bytes) -
                   1;
      above_bound += gap > 0 ? 1 : 0;
      largest_gap = std::max(largest_gap, gap);
    }
  }
  std::sort(times.begin(), times.end());
  state.counters["median_ms"] = times[times.size() / 2];
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
  state.counters["max_ms"] = times.back();
  state.counters["above_bound_pct"] = 100.0 * above_bound / kSubnets;
  state.counters["largest_gap_pct"] = 100.0 * largest_gap;
}

BENCHMARK_CAPTURE(PlanSubnets, layer_by_layer, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(PlanSubnets, patches, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace boardloop
