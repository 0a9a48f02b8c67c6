// Offsets for buffers that share one arena: dynamic storage allocation, where a buffer's size may
// change during its life (an in-place depthwise convolution with stride 2 leaves a quarter of it).
//
// Greedy first (largest buffer first, lowest free offset); where that is above the lower bound, a
// branch and bound over the order in which buffers are stacked tries to close the gap.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace boardloop {

// A buffer needs `bytes` during the steps [first, last], inclusive.
struct Extent {
  int32_t first = 0;
  int32_t last = 0;
  int64_t bytes = 0;
};

// Extents in order of time, touching, at least one; the offset is the same in all of them.
struct ArenaBuffer {
  absl::InlinedVector<Extent, 2> extents;

  int32_t first() const { return extents.front().first; }
  int32_t last() const { return extents.back().last; }
};

struct ArenaLayout {
  std::vector<int64_t> offsets;       // By buffer, in its region; multiples of the alignment.
  std::vector<int32_t> regions;       // By buffer.
  std::vector<int64_t> region_bytes;  // By region: end of its highest buffer.
  int64_t bytes = 0;                  // Sum of region_bytes.
  int64_t lower_bound = 0;            // Largest sum of the buffers alive at one step.
};

// Largest sum of bytes alive at one step, each rounded up to `alignment`.
int64_t ArenaLowerBound(absl::Span<const ArenaBuffer> buffers, int64_t alignment);

// The layout of TinyEngine's allocator: largest buffer first (ties in the given order), each at the
// lowest offset that is free for its whole life.
ArenaLayout FirstFitBySize(absl::Span<const ArenaBuffer> buffers, int64_t alignment);

// Finds offsets in one region. Buffers that are alive at the same step never share a byte.
// `node_budget` bounds the branch and bound; `goal` ends it as soon as the layout is that small (0:
// go for the lower bound).
ArenaLayout LayOutArena(absl::Span<const ArenaBuffer> buffers, int64_t alignment,
                        int64_t node_budget, int64_t goal);

// Spreads buffers over several regions: each goes to the first one with room, largest buffers
// first, then in other orders. nullopt when no order fits (which does not prove that none exists).
std::optional<ArenaLayout> LayOutInRegions(absl::Span<const ArenaBuffer> buffers, int64_t alignment,
                                           absl::Span<const int64_t> region_bytes);

}  // namespace boardloop
