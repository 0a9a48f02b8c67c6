// The order of execution. For a chain there is nothing to choose; where branches meet, the order
// decides which tensors wait for each other.
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"

namespace boardloop {

// An order of graph.ops in which the largest sum of live tensors is smallest: exact (a best-first
// search over the sets of operators already run) as long as the sets it makes hold at most `budget`
// entries together, else the graph's own order.
std::vector<int32_t> OrderOps(const Graph& graph, int64_t budget = 2000000);

}  // namespace boardloop
