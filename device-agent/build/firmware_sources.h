// Where the firmware's sources are.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// The folder that holds firmware/: $BOARDLOOP_FIRMWARE; else, relative to the running program,
// ../share/boardloop (installed) or the source tree (built in build/<preset>/bin).
//
// NOT_FOUND  none of them does; the message lists them
absl::StatusOr<std::string> FindFirmwareSources();

}  // namespace boardloop
