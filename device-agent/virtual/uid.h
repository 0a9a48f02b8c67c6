// The 96-bit unique id of a chip; the virtual boards' ST-Link has the same one as its serial
// number.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace boardloop::vboard {

using Uid = std::array<uint8_t, 12>;  // In the order of the chip's memory.

// 24 hexadecimal digits. INVALID_ARGUMENT otherwise.
absl::StatusOr<Uid> ParseUid(const std::string& text);
std::string FormatUid(const Uid& uid);

}  // namespace boardloop::vboard
