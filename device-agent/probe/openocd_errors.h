// What OpenOCD's messages mean: whose fault a failure is.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace boardloop {

// The status that Probe's callers act on, for what OpenOCD wrote: the lines of its log before it
// gave up, or the text of a command that failed. The message holds the first line that says why.
absl::Status OpenOcdError(const std::string& text);

}  // namespace boardloop
