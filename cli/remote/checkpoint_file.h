// Checkpoint files before they are sent: a coordinator would look at one only when it has all of it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace boardloop {

// NOT_FOUND         no such file
// INVALID_ARGUMENT  no checkpoint (docs/formats/checkpoint.md), or not as long as its header says
absl::Status CheckCheckpointFile(const std::string& path);

}  // namespace boardloop
