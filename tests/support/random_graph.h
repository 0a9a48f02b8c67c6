// Seeded random graphs with branches, for property tests.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace boardloop {

struct RandomGraphOptions {
  int32_t ops = 12;         // About as many operators.
  int32_t max_extent = 16;  // Of the input's height and width.
  int32_t max_channels = 12;
  double branch = 0.3;  // Chance that an operator reads an older tensor instead of the last one.
};

// A valid graph (Validate holds) that mixes convolutions, depthwise and pointwise convolutions,
// pools, element-wise operators and concatenations. Tensors that nobody reads become outputs.
Graph RandomGraph(uint64_t seed, const RandomGraphOptions& options = {});

}  // namespace boardloop
