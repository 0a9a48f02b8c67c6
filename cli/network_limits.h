// What a board leaves for a network.
#pragma once

#include "core/board/board_type.h"
#include "core/space/space_optimization.h"

namespace boardloop {

// For a network in one piece: the largest memory that may hold its arena, and the flash that the
// reserve for code leaves (core/board/board_type.h).
SpaceLimits NetworkLimits(const BoardType& board);

}  // namespace boardloop
