// Programs that go on when the one that started them has ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boardloop {

// A process that is not taken for another one that got its number later.
struct Daemon {
  pid_t pid = 0;
  int64_t start_ticks = 0;  // Since boot, of the kernel's clock (field 22 of /proc/PID/stat).
};

// Starts argv[0] in a session of its own, its output appended to `log_path`.
//
// NOT_FOUND    no such program
// UNAVAILABLE  the log cannot be written, or no process can be made
absl::StatusOr<Daemon> StartDaemon(const std::vector<std::string>& argv,
                                   const std::string& log_path);

bool IsRunning(const Daemon& daemon);

// SIGTERM, and SIGKILL when it is still there after `patience`. OK also when it has gone already.
absl::Status StopDaemon(const Daemon& daemon, absl::Duration patience);

}  // namespace boardloop
