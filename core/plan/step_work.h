// What each step of a plan executes, known before anything is measured: how much, and by which kind
// of kernel. Halos of tiles are counted each time they are computed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/plan/plan.h"

namespace boardloop {

struct StepWork {
  std::string name;  // Of its first operator.
  std::string op;    // "CONV_2D", "CONV_2D + ADD"
  // `op` and what else chooses a kernel: "DEPTHWISE_CONV_2D k5 s2", "CONV_2D k1 s1 + ADD". Steps of
  // one kind differ in their extents only.
  std::string kind;
  int64_t calls = 1;     // Of the kernel: tiles.
  int64_t macs = 0;      // Of all calls together, as everything below.
  int64_t inputs = 0;    // Elements that the first operator reads, of all its inputs.
  int64_t outputs = 0;   // Elements that the last one writes.
  int64_t pixels = 0;    // Positions (row, column) of the output.
  int64_t rows = 0;      // Rows of all channels of the output.
  int64_t channels = 0;  // Of the output, once for each call.
};

// One entry for each step of `plan`, which is a plan of `graph`, in its order.
std::vector<StepWork> WorkOfSteps(const Graph& graph, const Plan& plan);

}  // namespace boardloop
