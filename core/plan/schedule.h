// The schedule: which operators run together as one step, in which order, what each step reads and
// writes, and which input it may overwrite. Independent of patches and of the input mode.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/graph/graph.h"

namespace boardloop {

struct ScheduledStep {
  // One operator; or a convolution and the ADD of its result to a shortcut, fused: the convolution
  // accumulates into the shortcut's buffer and its own result is never stored.
  absl::InlinedVector<int32_t, 2> ops;
  absl::InlinedVector<int32_t, 3> reads;  // Tensors, without constants.
  int32_t writes = -1;
  int32_t overwrites = -1;  // A tensor of `reads` that dies here and whose bytes `writes` may take.
};

struct Schedule {
  std::vector<ScheduledStep> steps;
  // By tensor: the steps during which it is alive, inclusive; first < 0 for tensors that are never
  // stored (constants, results of a fused convolution, unused inputs).
  std::vector<int32_t> first, last;
};

Schedule MakeSchedule(const Graph& graph);

}  // namespace boardloop
