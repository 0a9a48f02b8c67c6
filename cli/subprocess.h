// Runs another program without a shell: input from a string, output to strings, with a deadline.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boardloop {

struct ProcessOutput {
  int exit_code = 0;
  std::string out;  // Standard output.
  std::string err;  // Standard error.
};

struct ProcessLimits {
  absl::Duration deadline = absl::Seconds(30);
  int64_t output_bytes = int64_t{64} << 20;  // Of both streams together.
};

// Runs argv[0], looked up in PATH, and waits for its end. A program that ends with an exit code
// other than 0 is a result. SIGPIPE must be ignored (cli/output.h): the program may end before it
// has read its input.
//
// NOT_FOUND           no such program
// DEADLINE_EXCEEDED   still running at the deadline; it has been killed
// RESOURCE_EXHAUSTED  wrote more than the limit; it has been killed
// INTERNAL            ended by a signal, or the system refused a pipe or process
absl::StatusOr<ProcessOutput> RunProcess(const std::vector<std::string>& argv,
                                         const std::string& input, const ProcessLimits& limits);

}  // namespace boardloop
