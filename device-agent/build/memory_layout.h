// Where the parts of an image lie in a board's memories.
//
// Flash holds everything that is loaded. One run of RAM (regions that touch) holds the program's
// own memory: [stack][data][free RAM][arena region, if the run may hold one]. The other runs that
// may hold the arena have [free RAM][arena region].
//
// Invariants:
//   (1) An arena region ends where its run ends, but for the rounding of its start to 4 bytes: a
//       write of the next word leaves the board's RAM.
//   (2) The stack lies at the start of its run and grows towards addresses that are no memory.
//   (3) Arena region i is the i-th of BoardType::ArenaRegions(), so that what the planner placed
//       there fits.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/board/board_type.h"

namespace boardloop {

// Addresses [begin, end).
struct AddressRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t bytes() const { return end - begin; }
};

struct MemoryLayout {
  AddressRange flash;
  AddressRange stack;
  AddressRange data;  // .data and .bss, and free RAM behind them.
  struct Arena {
    AddressRange used;       // The planned size.
    AddressRange free;       // In front of it; empty in the run that holds `data`.
    bool with_data = false;  // In the run that holds stack and data.
  };
  std::vector<Arena> arenas;  // One for each of BoardType::ArenaRegions().
};

// `arena_bytes` are the planned sizes of the first regions; the others are empty.
//
// RESOURCE_EXHAUSTED   an arena is larger than its region: which, by how many bytes
// FAILED_PRECONDITION  the board type has no flash, or no RAM for stack and data
absl::StatusOr<MemoryLayout> LayOutMemory(const BoardType& board,
                                          absl::Span<const int64_t> arena_bytes);

// The runs of RAM regions that touch, ascending: those that may hold the arena, those that may not,
// or all together.
enum class RamUse { kArena, kNoArena, kAny };
std::vector<AddressRange> RamRuns(const BoardType& board, RamUse use);

}  // namespace boardloop
