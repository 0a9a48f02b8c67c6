// The resident image of a board type (builder.h) as the code generator needs to know it.
#pragma once

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/builder.h"
#include "firmware/codegen/emit_resident.h"

namespace boardloop {

// Symbols of a resident image beside kernels and bl_run_stages.
inline constexpr char kResidentConstantsBegin[] = "bl_resident_constants";
inline constexpr char kResidentConstantsEnd[] = "bl_resident_constants_end";
inline constexpr char kResidentRealChannelsBegin[] = "bl_resident_real_channels";
inline constexpr char kResidentRealChannelsEnd[] = "bl_resident_real_channels_end";
inline constexpr char kResidentTable[] = "bl_resident_table";

// INVALID_ARGUMENT  `image` is not a resident image, or not one of this board type
absl::StatusOr<ResidentImage> DescribeResident(const FirmwareImage& image, const BoardType& board);

}  // namespace boardloop
