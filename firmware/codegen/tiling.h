// How a stage cuts the tensors it touches into tiles, and where the views of a call lie in them.
//
// Two kinds of stages run in tiles: the patch stage of a plan, whose ranges come from core/plan
// (tiles.h), and the first step of a streamed input, one row of its output after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/graph/graph.h"
#include "core/plan/plan.h"
#include "core/plan/tiles.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

struct Tiling {
  int32_t grid_rows = 1, grid_columns = 1;
  // [tile * tensors + tensor]: rows (columns) of the whole tensor that the tiles of one row
  // (column) of the grid use.
  std::vector<Range> rows, columns;
  // By tensor: it lies in the arena as a whole, not one tile of it at a time.
  std::vector<bool> whole;
};

// The patch stage of `plan`, which has one.
Tiling PatchTiling(const Graph& graph, const Plan& plan);

// One row of the output of the plan's first step at a time, whose operator has a window; it reads
// the rows of the input that lie under that window.
Tiling RowTiling(const Graph& graph, const Plan& plan);

// The tensors of a call.
struct CallTensors {
  int32_t input = -1;
  int32_t second = -1;  // Or -1.
  int32_t output = -1;
};

// The views of a call of an operator with `window` (of one element where it has none), for each row
// and column of the grid.
std::vector<TileAxis> TileRows(const Tiling& tiling, const Window& window,
                               const CallTensors& tensors);
std::vector<TileAxis> TileColumns(const Graph& graph, const Tiling& tiling, const Window& window,
                                  const CallTensors& tensors);

// Multiply-accumulates of all tiles of `op` together.
int64_t TiledOpMacs(const Graph& graph, const Tiling& tiling, const Op& op);

}  // namespace boardloop
