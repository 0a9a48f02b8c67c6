// What every STM32 says about itself at fixed addresses, whatever the probe.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/probe/probe.h"

namespace boardloop {

inline constexpr uint32_t kDhcsrAddress = 0xE000EDF0;  // Debug Halting Control and Status (Arm).

using ReadWordsFunction = std::function<absl::StatusOr<std::vector<uint32_t>>(uint32_t, int32_t)>;

// Reads unique id, device id and flash size.
absl::StatusOr<BoardIdentity> ReadIdentity(const DebugTarget& target,
                                           const ReadWordsFunction& read);

CoreState CoreStateOf(uint32_t dhcsr);
const char* CoreStateName(CoreState state);

}  // namespace boardloop
