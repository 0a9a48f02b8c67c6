// Regions of the ARMv7-M memory protection unit that cover a board's memories exactly, and nothing
// else.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/memory_layout.h"

namespace boardloop {

// Values of MPU_RBAR (without VALID and REGION) and MPU_RASR.
struct MpuRegion {
  uint32_t base = 0;
  uint32_t attributes = 0;
};

// The fewest a Cortex-M4 or M7 with an MPU has.
inline constexpr int kMpuRegions = 8;

// A region has a power of two as its size and starts at a multiple of it; any of its eight
// subregions can be left out. `attributes` are the bits of MPU_RASR beside SIZE, SRD and ENABLE.
//
// INVALID_ARGUMENT  `range` is not made of multiples of 32 bytes
absl::StatusOr<std::vector<MpuRegion>> CoverExactly(const AddressRange& range, uint32_t attributes);

// Flash: read and execute. RAM: read and write. All else is left out: peripherals too, which
// nothing touches after the clocks are set up.
//
// FAILED_PRECONDITION  needs more than kMpuRegions
absl::StatusOr<std::vector<MpuRegion>> MpuRegionsOf(const BoardType& board,
                                                    const AddressRange& flash);

}  // namespace boardloop
