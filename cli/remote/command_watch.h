// `boardloop watch`, which `submit --watch` does too.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/remote/connection.h"

namespace boardloop {

// Shows `search` (its full name) until it has ended; the exit code says how.
absl::StatusOr<ExitCode> WatchSearch(Connection& connection, const std::string& search, bool json,
                                     absl::Duration patience);

}  // namespace boardloop
