// The generated C source that tells the runner about its image (firmware/runner/image.h).
#pragma once

#include <string>
#include <vector>

#include "core/board/board_type.h"
#include "device-agent/build/mpu_regions.h"

namespace boardloop {

struct ImageFacts {
  std::string network;    // Symbol of the linked bl_network; empty in a resident image.
  int step_capacity = 0;  // Steps whose cycles are kept, where the core counts them.
  std::vector<MpuRegion> regions;
  int free_ranges = 0;  // FreeRangeCount() of the linker script.
};

std::string ImageSource(const BoardType& board, const ImageFacts& facts);

}  // namespace boardloop
