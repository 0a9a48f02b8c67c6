// What a board leaves for a network.
#pragma once

#include "core/board/board_type.h"
#include "core/space/space_optimization.h"

namespace boardloop {

// SRAM: all memories that may hold the arena, less the reserves for stack and data; a plan has to fit
// their pieces (BoardType::ArenaRegions). Flash: what the reserve for code leaves.
SpaceLimits NetworkLimits(const BoardType& board);

}  // namespace boardloop
