// Patch-based execution: the first steps of a network run once for each tile of a grid x grid
// partition of the tensor they end in, one tile after the other, and write into that one full-size
// tensor. Tiles of the tensors before it overlap (halo), so the results are those of layer by layer
// execution; where a tile touches the border of the image it is clipped (Lin et al. 2021).
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"
#include "core/plan/schedule.h"

namespace boardloop {

// A prefix of the schedule that can run in tiles: everything after it reads only its last tensor.
struct Prefix {
  int32_t steps = 0;  // schedule.steps[0 .. steps)
  int32_t blocks =
      0;  // Blocks of the network in it: stem, separable or inverted residual blocks, ...
};

// More blocks than this are not run in tiles: halos have outgrown tiles long before.
inline constexpr int32_t kMaxTiledBlocks = 32;

// All prefixes that end where a block of the network ends, shortest first. A block ends behind a
// convolution, pool or ADD that is not followed inside its block by another part of it: a depthwise
// convolution belongs to its projection, an expansion to its depthwise convolution.
std::vector<Prefix> TiledPrefixes(const Graph& graph, const Schedule& schedule);

// Rows or columns [begin, end).
struct Range {
  int32_t begin = 0;
  int32_t end = 0;
  int32_t size() const { return end - begin; }
};

struct TileStage {
  Prefix prefix;
  int32_t grid = 1;
  // [tile * tensors + tensor]: what the tiles of one row (column) of the grid need of each tensor;
  // empty ranges for tensors outside the stage.
  std::vector<Range> rows, columns;
};

// Works backwards from an even partition of the last tensor. Its height and width are at least
// `grid`.
TileStage MakeTileStage(const Graph& graph, const Schedule& schedule, const Prefix& prefix,
                        int32_t grid);

// The largest tile of `tensor` in either direction.
Shape LargestTile(const Graph& graph, const TileStage& stage, int32_t tensor);

// MACs of the whole network when `stage` runs in tiles: halos are computed more than once.
int64_t TiledMacs(const Graph& graph, const Schedule& schedule, const TileStage& stage);

}  // namespace boardloop
