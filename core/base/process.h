// Child processes without a shell: run one to its end, or keep one and talk to it.
//
// No child outlives us, also not when we are killed: each asks the kernel for SIGKILL when the
// thread that started it ends. Start children from threads that live as long as they do.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
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

struct ProcessOptions {
  std::string working_folder;  // Empty: ours.
};

// Runs argv[0], looked up in PATH, and waits for its end. A program that ends with an exit code
// other than 0 is a result. SIGPIPE must be ignored in our process: the program may end before it
// has read its input.
//
// NOT_FOUND           no such program
// DEADLINE_EXCEEDED   still running at the deadline; it has been killed
// RESOURCE_EXHAUSTED  wrote more than the limit; it has been killed
// INTERNAL            ended by a signal, or the system refused a pipe or process
absl::StatusOr<ProcessOutput> RunProcess(const std::vector<std::string>& argv,
                                         const std::string& input, const ProcessLimits& limits,
                                         const ProcessOptions& options = {});

// A long-running child in a process group of its own; the destructor kills and reaps the group.
class ChildProcess {
 public:
  struct Options {
    std::string working_folder;  // Empty: ours.
    std::string log_path;        // Standard error, appended; empty: /dev/null.
    bool pipe_output = false;    // ReadLine reads its standard output; else it goes to the log.
  };

  // NOT_FOUND  no such program
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& argv,
                                            const Options& options);

  ChildProcess() = default;  // No process.
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }            // -1 without a process, or after it was reaped.
  bool Running();                               // Reaps it when it has ended.
  int exit_code() const { return exit_code_; }  // After its end; 128 + signal if killed by one.

  // One line of standard output without its end.
  //
  // DEADLINE_EXCEEDED   no line in time
  // FAILED_PRECONDITION it closed its output (it has ended, or is about to)
  absl::StatusOr<std::string> ReadLine(absl::Duration deadline);

  // SIGTERM, and SIGKILL for the whole group after `grace`. Returns when it has been reaped.
  void Stop(absl::Duration grace = absl::Seconds(2));

 private:
  pid_t pid_ = -1;
  int exit_code_ = -1;
  int output_ = -1;
  std::string unread_;
};

}  // namespace boardloop
