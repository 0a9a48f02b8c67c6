#include "device-agent/measure/runner_session.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "device-agent/measure/crc32.h"
#include "device-agent/probe/chip.h"
#include "firmware/runner/marks.h"

namespace boardloop {
namespace {

// Of one command of the probe; the mailbox is small.
constexpr absl::Duration kCommand = absl::Seconds(5);
constexpr absl::Duration kBulk = absl::Seconds(30);
// Between two looks at the mailbox: a small network is done in milliseconds, a large one takes
// seconds, and a look costs the board nothing but its bus.
constexpr absl::Duration kFirstPoll = absl::Milliseconds(2);
constexpr absl::Duration kLastPoll = absl::Milliseconds(50);
constexpr int kCrcAttempts = 3;

constexpr uint32_t kMailboxWords = sizeof(bl_mailbox) / 4;
constexpr uint32_t kMaxOutputBytes = 16u << 20;

class Pause {
 public:
  void Wait() {
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(next_));
    next_ = std::min(next_ * 1.5, kLastPoll);
  }

 private:
  absl::Duration next_ = kFirstPoll;
};

const char* FaultName(uint32_t fault) {
  switch (fault) {
    case BL_FAULT_HARD:
      return "hard fault";
    case BL_FAULT_MEMORY:
      return "memory fault (access outside the board's memories)";
    case BL_FAULT_BUS:
      return "bus fault";
    case BL_FAULT_USAGE:
      return "usage fault";
    case BL_FAULT_STACK_OVERFLOW:
      return "stack overflow";
    case BL_FAULT_ASSERT:
      return "assertion";
    default:
      return "unknown fault";
  }
}

const char* RefusalName(uint32_t result) {
  switch (result) {
    case BL_RESULT_BAD_REQUEST:
      return "the runner refused the request";
    case BL_RESULT_NO_IMAGE_SPACE:
      return "the board has no room for an input image";
    case BL_RESULT_BAD_NETWORK:
      return "the network was generated for another engine version";
    default:
      return "the runner gave an unknown result";
  }
}

}  // namespace

std::string DescribeFault(const bl_mailbox& mailbox) {
  std::string text = FaultName(mailbox.fault);
  if (mailbox.fault == BL_FAULT_ASSERT)
    absl::StrAppendFormat(&text, " at line %d", mailbox.fault_line);
  // CFSR says whether the address registers hold one: MMARVALID and BFARVALID.
  constexpr uint32_t kMmfarValid = 1u << 7, kBfarValid = 1u << 15;
  if ((mailbox.fault_cfsr & kMmfarValid) != 0) {
    absl::StrAppendFormat(&text, " at 0x%08x", mailbox.fault_mmfar);
  } else if ((mailbox.fault_cfsr & kBfarValid) != 0) {
    absl::StrAppendFormat(&text, " at 0x%08x", mailbox.fault_bfar);
  }
  absl::StrAppendFormat(&text, ", pc 0x%08x, lr 0x%08x, sp 0x%08x, cfsr 0x%08x, hfsr 0x%08x",
                        mailbox.fault_pc, mailbox.fault_lr, mailbox.fault_sp, mailbox.fault_cfsr,
                        mailbox.fault_hfsr);
  return text;
}

// ---- The mailbox.

absl::Status RunnerSession::ReadMailbox() {
  BL_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> words,
      probe_.ReadWords(mailbox_address_, static_cast<int32_t>(kMailboxWords), kCommand));
  std::memcpy(&mailbox_, words.data(), sizeof(mailbox_));
  return absl::OkStatus();
}

absl::Status RunnerSession::CheckCrc() {
  // A look may fall into the runner's writing: the CRC tells, and the next look is whole.
  for (int attempt = 0; attempt < kCrcAttempts; ++attempt) {
    if (Crc32(&mailbox_, offsetof(bl_mailbox, crc32)) == mailbox_.crc32) return absl::OkStatus();
    BL_RETURN_IF_ERROR(ReadMailbox());
  }
  return absl::DataLossError("the mailbox has a wrong CRC: the board's memory or the link is bad");
}

absl::Status RunnerSession::Boot(absl::Duration deadline) {
  const Timer timer(deadline);
  // RAM survives a reset: what an earlier program left must not be taken for this one's.
  const uint32_t nothing[4] = {0, 0, 0, 0};
  BL_RETURN_IF_ERROR(probe_.WriteWords(mailbox_address_, nothing, kCommand));
  BL_RETURN_IF_ERROR(probe_.ResetAndRun(kCommand));
  for (Pause pause;; pause.Wait()) {
    BL_RETURN_IF_ERROR(ReadMailbox());
    const bool ours = mailbox_.magic == BL_MAILBOX_MAGIC;
    if (ours && mailbox_.version != BL_MAILBOX_VERSION) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "the program on the board speaks version %d of the mailbox, we version %d",
          mailbox_.version, BL_MAILBOX_VERSION));
    }
    if (ours && mailbox_.state == BL_STATE_READY) return absl::OkStatus();
    if (ours && mailbox_.state == BL_STATE_FAULTED) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the program on the board faulted while starting: ", DescribeFault(mailbox_)));
    }
    if (timer.Left() == absl::ZeroDuration()) break;
  }
  BL_ASSIGN_OR_RETURN(const CoreState state, probe_.ReadCoreState(kCommand));
  return absl::DeadlineExceededError(
      absl::StrFormat("the program on the board is not ready after %s: the core is %s",
                      absl::FormatDuration(deadline), CoreStateName(state)));
}

absl::Status RunnerSession::Write(uint32_t address, const std::vector<uint8_t>& bytes) {
  std::vector<uint32_t> words((bytes.size() + 3) / 4);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return probe_.WriteWords(address, words, kBulk);
}

absl::Status RunnerSession::WriteRequest(const RunRequest& request, uint32_t sequence) {
  // The request's members are consecutive, and `request_sequence` is the last of them.
  static_assert(offsetof(bl_mailbox, request_sequence) - offsetof(bl_mailbox, network) == 20);
  if (!request.input.empty()) {
    if (request.input.size() > mailbox_.image_capacity) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("the input has %d B, the board has room for %d", request.input.size(),
                          mailbox_.image_capacity));
    }
    const std::vector<uint8_t> bytes(request.input.begin(), request.input.end());
    BL_RETURN_IF_ERROR(Write(mailbox_.image_address, bytes));
  }
  const uint32_t command = request.input.empty() ? BL_COMMAND_RUN_PATTERN : BL_COMMAND_RUN_IMAGE;
  const uint32_t words[] = {request.network, command, request.pattern_seed, request.warmup_runs,
                            request.runs};
  const auto address = [&](size_t offset) {
    return mailbox_address_ + static_cast<uint32_t>(offset);
  };
  BL_RETURN_IF_ERROR(probe_.WriteWords(address(offsetof(bl_mailbox, network)), words, kCommand));
  if (mailbox_.timing == BL_TIMING_MARKS) {
    const uint32_t none[] = {0};
    BL_RETURN_IF_ERROR(probe_.WriteWords(
        BL_MARKS_ADDRESS + static_cast<uint32_t>(offsetof(bl_marks_header, entries)), none,
        kCommand));
  }
  const uint32_t last[] = {sequence};
  return probe_.WriteWords(address(offsetof(bl_mailbox, request_sequence)), last, kCommand);
}

absl::StatusOr<RunResult::End> RunnerSession::WaitForEnd(uint32_t sequence, const Timer& timer) {
  for (Pause pause;; pause.Wait()) {
    BL_RETURN_IF_ERROR(ReadMailbox());
    if (mailbox_.state == BL_STATE_FAULTED) {
      BL_RETURN_IF_ERROR(CheckCrc());
      return RunResult::End::kFaulted;
    }
    if (mailbox_.state == BL_STATE_DONE && mailbox_.result_sequence == sequence) {
      BL_RETURN_IF_ERROR(CheckCrc());
      return mailbox_.result == BL_RESULT_OK ? RunResult::End::kDone : RunResult::End::kRefused;
    }
    BL_ASSIGN_OR_RETURN(const CoreState core, probe_.ReadCoreState(kCommand));
    if (core == CoreState::kLockup) return RunResult::End::kLockup;
    if (core == CoreState::kHalted) {
      return absl::UnavailableError("the core was halted by somebody else during the run");
    }
    if (timer.Left() == absl::ZeroDuration()) return RunResult::End::kDeadline;
  }
}

// ---- Running.

absl::StatusOr<RunResult> RunnerSession::Run(const RunRequest& request) {
  const Timer timer(request.deadline);
  const uint32_t sequence = mailbox_.request_sequence + 1;
  BL_RETURN_IF_ERROR(Annotate(WriteRequest(request, sequence), "send the request"));
  RunResult result;
  BL_ASSIGN_OR_RETURN(result.end, WaitForEnd(sequence, timer));
  result.stack_used = mailbox_.stack_used;
  switch (result.end) {
    case RunResult::End::kDone:
      break;
    case RunResult::End::kRefused:
      result.why = RefusalName(mailbox_.result);
      return result;
    case RunResult::End::kFaulted:
      result.why = DescribeFault(mailbox_);
      result.fault_step = static_cast<int32_t>(mailbox_.fault_step);
      return result;
    case RunResult::End::kLockup:
      result.why = "the core locked up: a fault inside the fault handler";
      return result;
    case RunResult::End::kDeadline:
      result.why =
          absl::StrFormat("still running after %s", absl::FormatDuration(request.deadline));
      return result;
  }
  BL_RETURN_IF_ERROR(ReadOutput(&result));
  const bool marks = mailbox_.timing == BL_TIMING_MARKS;
  BL_RETURN_IF_ERROR(marks ? ReadMarks(request, &result) : ReadCounter(request, &result));
  return result;
}

absl::Status RunnerSession::ReadOutput(RunResult* result) {
  if (mailbox_.output_bytes > kMaxOutputBytes) {
    return absl::DataLossError(
        absl::StrFormat("the board claims an output of %d bytes", mailbox_.output_bytes));
  }
  const uint32_t before = mailbox_.output_address % 4;
  const uint32_t words_needed = (before + mailbox_.output_bytes + 3) / 4;
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> words,
                      probe_.ReadWords(mailbox_.output_address - before,
                                       static_cast<int32_t>(words_needed), kBulk));
  result->output.resize(mailbox_.output_bytes);
  std::memcpy(result->output.data(), reinterpret_cast<const char*>(words.data()) + before,
              result->output.size());
  if (Crc32(result->output.data(), result->output.size()) == mailbox_.output_crc32) {
    return absl::OkStatus();
  }
  return absl::DataLossError("the output read back has another CRC than on the board");
}

absl::Status RunnerSession::ReadCounter(const RunRequest& request, RunResult* result) {
  for (uint32_t i = 0; i < request.runs; ++i) {
    result->runs.push_back({static_cast<int64_t>(mailbox_.run_cycles[i]), 0});
  }
  int32_t steps = 0;
  for (const int32_t step : request.lap_steps) steps = std::max(steps, step + 1);
  steps = std::min(steps, static_cast<int32_t>(mailbox_.step_cycles_capacity));
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> sums,
                      probe_.ReadWords(mailbox_.step_cycles_address, steps, kCommand));
  for (const uint32_t sum : sums) result->steps.push_back({sum / request.runs, 0});
  return absl::OkStatus();
}

absl::Status RunnerSession::ReadMarks(const RunRequest& request, RunResult* result) {
  constexpr int32_t kHeaderWords = sizeof(bl_marks_header) / 4;
  constexpr size_t kMarkWords = sizeof(bl_mark) / 4;
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> words,
                      probe_.ReadWords(BL_MARKS_ADDRESS, kHeaderWords, kCommand));
  bl_marks_header header;
  std::memcpy(&header, words.data(), sizeof(header));
  if (header.magic != BL_MARKS_MAGIC || header.version != BL_MARKS_VERSION) {
    return absl::FailedPreconditionError(
        "the board keeps no record of marks: only a virtual board runs this image");
  }
  if (header.dropped > 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d marks did not fit the record of %d: use fewer runs", header.dropped, header.capacity));
  }
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> marks,
                      probe_.ReadWords(BL_MARKS_ADDRESS + static_cast<uint32_t>(sizeof(header)),
                                       static_cast<int32_t>(header.entries * kMarkWords), kBulk));
  const size_t laps_per_run = request.lap_steps.size();
  std::vector<Count> laps;
  for (size_t i = 0; i + kMarkWords <= marks.size(); i += kMarkWords) {
    if (marks[i + 2] == BL_MARK_KIND_LAP) laps.push_back({marks[i], marks[i + 1]});
  }
  if (laps_per_run == 0 || mailbox_.laps_per_run != laps_per_run ||
      laps.size() != laps_per_run * request.runs) {
    return absl::DataLossError(absl::StrFormat(
        "the record has %d laps, the runner counts %d in each of %d runs, the program has %d",
        laps.size(), mailbox_.laps_per_run, request.runs, laps_per_run));
  }
  result->runs.assign(request.runs, {});
  result->steps.assign(1 + *std::max_element(request.lap_steps.begin(), request.lap_steps.end()),
                       {});
  for (size_t i = 0; i < laps.size(); ++i) {
    Count& run = result->runs[i / laps_per_run];
    Count& step = result->steps[static_cast<size_t>(request.lap_steps[i % laps_per_run])];
    run.cycles += laps[i].cycles;
    run.instructions += laps[i].instructions;
    step.cycles += laps[i].cycles;
    step.instructions += laps[i].instructions;
  }
  for (Count& step : result->steps) {
    step.cycles /= request.runs;
    step.instructions /= request.runs;
  }
  return absl::OkStatus();
}

}  // namespace boardloop
