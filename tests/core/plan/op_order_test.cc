#include "core/plan/op_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/core/plan/networks.h"
#include "tests/support/random_graph.h"

namespace boardloop {
namespace {

bool IsExecutable(const Graph& graph, const std::vector<int32_t>& order) {
  std::vector<bool> made(graph.tensors.size());
  made[graph.input] = true;
  for (int32_t i : order) {
    for (int32_t input : graph.ops[i].inputs) {
      if (!made[input]) return false;
    }
    made[graph.ops[i].output] = true;
  }
  return true;
}

// Largest sum of live tensors, by definition.
int64_t Peak(const Graph& graph, const std::vector<int32_t>& order) {
  int64_t peak = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    int64_t sum = 0;
    for (int32_t t = 0; t < static_cast<int32_t>(graph.tensors.size()); ++t) {
      bool made = t == graph.input, needed = false;
      for (size_t j = 0; j < order.size(); ++j) {
        const Op& op = graph.ops[order[j]];
        if (op.output == t && j <= i) made = true;
        if (j < i) continue;
        needed |=
            op.output == t || std::find(op.inputs.begin(), op.inputs.end(), t) != op.inputs.end();
      }
      needed |= std::find(graph.outputs.begin(), graph.outputs.end(), t) != graph.outputs.end();
      if (made && needed) sum += graph.shape(t).elements();
    }
    peak = std::max(peak, sum);
  }
  return peak;
}

TEST(OpOrderTest, MatchesBruteForceOnRandomGraphs) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Graph graph = RandomGraph(seed, {.ops = 7, .branch = 0.6});
    std::vector<int32_t> order = OrderOps(graph);
    ASSERT_TRUE(IsExecutable(graph, order));
    std::vector<int32_t> other(graph.ops.size());
    std::iota(other.begin(), other.end(), 0);
    int64_t best = Peak(graph, other);
    while (std::next_permutation(other.begin(), other.end())) {
      if (IsExecutable(graph, other)) best = std::min(best, Peak(graph, other));
    }
    EXPECT_EQ(Peak(graph, order), best);
  }
}

TEST(OpOrderTest, AChainKeepsItsOrder) {
  Graph graph = Vww1();
  std::vector<int32_t> order = OrderOps(graph);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(OpOrderTest, WithoutBudgetTheGivenOrderIsKept) {
  Graph graph = RandomGraph(3, {.ops = 30, .branch = 0.6});
  std::vector<int32_t> order = OrderOps(graph, /*budget=*/10);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace boardloop
