#include "cli/network_limits.h"

namespace boardloop {

SpaceLimits NetworkLimits(const BoardType& board) {
  SpaceLimits limits;
  limits.sram_bytes = board.ArenaRegions().front();
  limits.flash_bytes = board.FlashForNetwork();
  return limits;
}

}  // namespace boardloop
