// A conversation with the program on the board, through its mailbox (firmware/runner/mailbox.h).
//
// Errors of the calls are the probe's or the board's (probe.h), and DATA_LOSS for a result whose CRC
// is wrong. What the candidate does wrong - a fault, a run without end - is a result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "device-agent/probe/probe.h"
#include "device-agent/probe/timer.h"
#include "firmware/runner/mailbox.h"

namespace boardloop {

struct RunRequest {
  uint32_t network = 0;  // Address of a bl_network; 0: the image's own.
  uint32_t pattern_seed = 0;
  // Input to run on in the place of the pattern; one run without warm-up then. Empty: the pattern.
  std::vector<int8_t> input = {};
  uint32_t warmup_runs = 0;
  uint32_t runs = 1;
  absl::Duration deadline = absl::Seconds(60);
  // Step of each call of the lap hook in one run (EngineProgram::LapSteps).
  std::vector<int32_t> lap_steps;
};

// Of one run, or of one step in the mean of all runs. Instructions are 0 where only the core's own
// cycle counter was read.
struct Count {
  int64_t cycles = 0;
  int64_t instructions = 0;
};

struct RunResult {
  enum class End {
    kDone,
    kRefused,   // The runner refused the request: `why` says which result it gave.
    kFaulted,   // `why` describes the record; fault_step is the step that ran, or -1.
    kLockup,    // The core is locked up, without a record.
    kDeadline,  // Still running at the deadline: only a reset helps.
  };
  End end = End::kDone;
  std::string why;
  int32_t fault_step = -1;
  int64_t stack_used = 0;

  // Of a run that is done.
  std::vector<Count> runs;
  std::vector<Count> steps;  // By step.
  std::vector<int8_t> output;
};

class RunnerSession {
 public:
  // `probe` is not owned. `mailbox_address` is the ELF symbol `bl_mailbox`.
  RunnerSession(Probe& probe, uint32_t mailbox_address)
      : probe_(probe), mailbox_address_(mailbox_address) {}

  // Resets the board and waits until the runner takes requests.
  //
  // FAILED_PRECONDITION  it faulted while starting, or the program there speaks another version
  // DEADLINE_EXCEEDED    it does not become ready
  absl::Status Boot(absl::Duration deadline);

  // Writes words to the board: a candidate's call table.
  absl::Status Write(uint32_t address, const std::vector<uint8_t>& bytes);

  absl::StatusOr<RunResult> Run(const RunRequest& request);

  const bl_mailbox& facts() const { return mailbox_; }  // As last read.

 private:
  absl::Status ReadMailbox();
  absl::Status WriteRequest(const RunRequest& request, uint32_t sequence);
  absl::StatusOr<RunResult::End> WaitForEnd(uint32_t sequence, const Timer& timer);
  absl::Status CheckCrc();
  absl::Status ReadOutput(RunResult* result);
  absl::Status ReadCounter(const RunRequest& request, RunResult* result);
  absl::Status ReadMarks(const RunRequest& request, RunResult* result);

  Probe& probe_;
  uint32_t mailbox_address_;
  bl_mailbox mailbox_ = {};
};

// "memory fault (access outside the board's memories) at 0x20001234, pc 0x08000abc"
std::string DescribeFault(const bl_mailbox& mailbox);

}  // namespace boardloop
