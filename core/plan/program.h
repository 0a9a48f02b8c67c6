// The memory side of a schedule: which buffers exist at which steps, with how many bytes, for layer
// by layer or tiled execution and a resident or streamed input. Offsets come later (arena.h).
#pragma once

#include <cstdint>
#include <vector>

#include "core/plan/arena.h"
#include "core/plan/kernel_table.h"
#include "core/plan/plan.h"
#include "core/plan/schedule.h"
#include "core/plan/tiles.h"

namespace boardloop {

struct Program {
  std::vector<Placement> placements;    // Without offsets.
  std::vector<int32_t> buffer;          // By placement: index into `buffers`.
  std::vector<Scratch> scratch;         // By step.
  std::vector<int32_t> scratch_buffer;  // By step: index into `buffers`, or -1.
  // First the buffers of tensors (those computed in place of each other share one), then scratch.
  std::vector<ArenaBuffer> buffers;
  int32_t tensor_buffers = 0;
};

// `stage` is nullptr for layer by layer execution.
Program MakeProgram(const Graph& graph, const Schedule& schedule, const TileStage* stage,
                    InputMode input);

}  // namespace boardloop
