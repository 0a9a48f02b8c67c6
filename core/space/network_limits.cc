#include "core/space/network_limits.h"

#include <cstdint>
#include <numeric>
#include <vector>

namespace boardloop {

SpaceLimits NetworkLimits(const BoardType& board) {
  const std::vector<int64_t> regions = board.ArenaRegions();
  SpaceLimits limits;
  limits.sram_bytes = std::accumulate(regions.begin(), regions.end(), int64_t{0});
  limits.flash_bytes = board.FlashForNetwork();
  return limits;
}

}  // namespace boardloop
