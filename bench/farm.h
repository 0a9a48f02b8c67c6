// The programs of a farm as a benchmark's children, and what they use of the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/process.h"

namespace boardloop {

// A folder of its own in TMPDIR (or /tmp), gone with the object.
class BenchFolder {
 public:
  explicit BenchFolder(const std::string& name);
  ~BenchFolder();
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct ProcessUse {
  double cpu_seconds = 0;  // Of all its threads, user and system.
  int64_t rss_bytes = 0;
  int64_t peak_rss_bytes = 0;
  int64_t threads = 0;
};

// NOT_FOUND  no such process
absl::StatusOr<ProcessUse> UseOf(pid_t pid);

// `name` of the build's bin folder, its messages in `log`.
//
// NOT_FOUND  it was not built
absl::StatusOr<ChildProcess> StartProgram(const std::string& name,
                                          const std::vector<std::string>& arguments,
                                          const std::string& log);

// The coordinator's state under a benchmark's folder; and its database, to fill it before and to read it after.
std::string CoordinatorState(const std::string& folder);
std::string CoordinatorDatabase(const std::string& folder);

struct BenchCoordinator {
  ChildProcess process;
  std::string address;
};

// `boardloop-server serve` on any free port.
//
// FAILED_PRECONDITION  it ended; the message has what it said
absl::StatusOr<BenchCoordinator> StartCoordinator(const std::string& folder);

// Of `values`, the smallest that a share `rank` of them do not exceed; 0 of none.
double Percentile(std::vector<double> values, double rank);

}  // namespace boardloop
