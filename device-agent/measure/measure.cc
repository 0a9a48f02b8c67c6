#include "device-agent/measure/measure.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "device-agent/measure/expected_outputs.h"

namespace boardloop {
namespace {

constexpr absl::Duration kBoot = absl::Seconds(5);
// Of a chip's flash, in the worst case: 16 s to erase 1 MiB (data sheet), and as much to write.
constexpr absl::Duration kProgram = absl::Seconds(90);
constexpr char kMailboxSymbol[] = "bl_mailbox";
constexpr uint32_t kFirstSeed = 1;

std::vector<FlashSegment> FlashSegments(const std::vector<LoadSegment>& segments) {
  std::vector<FlashSegment> flash;
  for (const LoadSegment& segment : segments) flash.push_back({segment.address, segment.bytes});
  return flash;
}

// The outcome of an error that the board's probe returned.
Outcome OutcomeOfBoardError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
      return Outcome::kProbeFailed;
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kFailedPrecondition:
      return Outcome::kBoardFailed;
    default:
      return Outcome::kAgentFailed;
  }
}

// One measurement on a board. `measurement` is what it was prepared with, and gets the rest.
class Job {
 public:
  Job(const PreparedMeasurement& prepared, Board& board, Measurement& measurement)
      : prepared_(prepared),
        options_(prepared.options),
        image_(*prepared.image),
        board_(board),
        measurement_(measurement) {}

  void Run(const StepObserver& observer) {
    const auto step = [&](const char* name, bool (Job::*method)()) {
      return RunStep(name, observer, measurement_, [&] { return (this->*method)(); });
    };
    if (!step("connect", &Job::Connect)) return;
    // Beside the board's work, which leaves this machine's processors mostly idle.
    if (checked()) expected_.emplace(prepared_.model, options_.inputs, options_.samples.get());
    if (!step("flash", &Job::Flash)) return;
    if (!step("boot", &Job::Boot)) return;
    if (!step("run", &Job::Time)) return;
    if (checked() && !step("check", &Job::Check)) return;
    // Only now: a probe that hangs late in each measurement still hangs in each.
    const absl::Status noted = board_.NoteResult(absl::OkStatus());
    if (!noted.ok()) Failed(Outcome::kAgentFailed, std::string(noted.message()));
  }

 private:
  bool resident() const { return options_.mode == MeasureMode::kResident; }
  bool checked() const { return !resident(); }  // A resident image has weights of its own.

  bool Failed(Outcome outcome, const std::string& message) {
    return Fail(measurement_, outcome, message);
  }
  // A failure of board or probe, which the board takes note of.
  bool BoardError(const absl::Status& status) {
    const absl::Status noted = board_.NoteResult(status);
    std::string message(status.message());
    if (!noted.ok()) absl::StrAppend(&message, "; ", std::string(noted.message()));
    return Failed(OutcomeOfBoardError(status), message);
  }

  void AddProvenance(const std::string& name, const std::string& value) {
    measurement_.provenance.emplace_back(name, value);
  }

  bool Connect();
  bool Flash();
  bool Boot();
  bool Time();
  bool Check();
  bool CheckPattern(int32_t seed);
  bool CheckSample(int64_t index);
  absl::StatusOr<RunResult> Request(uint32_t seed, uint32_t warmup_runs, uint32_t runs);
  bool Ended(const RunResult& result);
  bool Compare(const std::string& input, const absl::StatusOr<std::vector<int8_t>>& expected,
               const std::vector<int8_t>& output);

  const PreparedMeasurement& prepared_;
  const MeasureOptions& options_;
  const FirmwareImage& image_;
  Board& board_;
  Measurement& measurement_;

  std::optional<RunnerSession> session_;
  std::optional<ExpectedOutputs> expected_;
  std::vector<int8_t> first_output_;
  std::string outputs_;  // Of all inputs, in order.
};

bool Job::Connect() {
  const absl::Status connected = board_.Connect();
  if (absl::IsNotFound(connected)) {
    return Failed(Outcome::kAgentFailed, std::string(connected.message()));
  }
  if (!connected.ok()) return BoardError(connected);
  AddProvenance("unique_id", board_.identity().unique_id);
  AddProvenance("device_id", absl::StrFormat("0x%08x", board_.identity().device_id));
  AddProvenance("probe", board_.probe().ToolVersion());
  return true;
}

bool Job::Flash() {
  if (board_.programmed != image_.digest) {
    absl::StatusOr<std::vector<LoadSegment>> segments = LoadSegments(image_);
    if (!segments.ok())
      return Failed(Outcome::kAgentFailed, std::string(segments.status().message()));
    absl::StatusOr<ProgramReport> report =
        board_.probe().Program(FlashSegments(*segments), kProgram);
    if (!report.ok()) return BoardError(report.status());
    const absl::Status counted = board_.state().CountErases(report->sectors_erased);
    if (!counted.ok()) return Failed(Outcome::kAgentFailed, std::string(counted.message()));
    AddProvenance("sectors_erased", absl::StrCat(report->sectors_erased));
    board_.programmed = image_.digest;
  }
  AddProvenance("board_sector_erases", absl::StrCat(board_.state().sector_erases()));
  return true;
}

bool Job::Boot() {
  const auto mailbox = image_.symbols.find(kMailboxSymbol);
  if (mailbox == image_.symbols.end()) {
    return Failed(Outcome::kAgentFailed,
                  absl::StrCat("the image lacks the symbol ", kMailboxSymbol));
  }
  session_.emplace(board_.probe(), mailbox->second);
  const absl::Status booted = session_->Boot(kBoot);
  if (!booted.ok()) return BoardError(booted);
  if (!resident()) return true;
  const absl::Status written = session_->Write(prepared_.table.address, prepared_.table.bytes);
  return written.ok() || BoardError(written);
}

absl::StatusOr<RunResult> Job::Request(uint32_t seed, uint32_t warmup_runs, uint32_t runs) {
  RunRequest request;
  request.network = prepared_.table.network_address;
  request.pattern_seed = seed;
  request.warmup_runs = warmup_runs;
  request.runs = runs;
  request.deadline = options_.run_deadline;
  request.lap_steps = prepared_.lap_steps;
  return session_->Run(request);
}

// Whether the run is done; else the candidate has failed.
bool Job::Ended(const RunResult& result) {
  if (result.end == RunResult::End::kDone) return true;
  std::string where;
  const auto step = static_cast<size_t>(result.fault_step);
  if (result.fault_step >= 0 && step < prepared_.steps.size()) {
    where = absl::StrFormat(" in step %d (%s, %s)", step, prepared_.steps[step].name,
                            prepared_.steps[step].op);
  }
  board_.programmed.clear();  // Flash is as it was, but the next measurement starts from a reset.
  if (result.end == RunResult::End::kRefused) return Failed(Outcome::kAgentFailed, result.why);
  return Failed(Outcome::kCandidateFailed, result.why + where);
}

bool Job::Time() {
  // One run that is not timed: on silicon it fills caches and prefetch buffers.
  absl::StatusOr<RunResult> result = Request(kFirstSeed, 1, static_cast<uint32_t>(options_.runs));
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  measurement_.runs = result->runs;
  measurement_.has_instructions = session_->facts().timing == BL_TIMING_MARKS;
  measurement_.clock_hz = session_->facts().clock_hz;
  measurement_.sram->stack = result->stack_used;
  for (size_t i = 0; i < prepared_.steps.size(); ++i) {
    const StepInfo& step = prepared_.steps[i];
    const Count count = i < result->steps.size() ? result->steps[i] : Count{};
    measurement_.ops.push_back({step.name, step.op, step.kernel, step.macs, count});
  }
  first_output_ = std::move(result->output);
  return true;
}

bool Job::Compare(const std::string& input, const absl::StatusOr<std::vector<int8_t>>& expected,
                  const std::vector<int8_t>& output) {
  if (!expected.ok()) {
    return Failed(Outcome::kInvalidModel, std::string(expected.status().message()));
  }
  outputs_.append(reinterpret_cast<const char*>(output.data()), output.size());
  ++measurement_.inputs;
  if (output == *expected) return true;
  const auto difference =
      std::mismatch(output.begin(), output.end(), expected->begin(), expected->end());
  measurement_.exact = false;
  if (difference.first == output.end() || difference.second == expected->end()) {
    return Failed(Outcome::kCandidateFailed,
                  absl::StrFormat("the output has %d values, the reference %d", output.size(),
                                  expected->size()));
  }
  return Failed(Outcome::kCandidateFailed,
                absl::StrFormat("wrong bytes: output value %d of %s is %d, the reference gives %d",
                                difference.first - output.begin(), input, *difference.first,
                                *difference.second));
}

bool Job::CheckPattern(int32_t seed) {
  absl::StatusOr<RunResult> result = Request(static_cast<uint32_t>(seed), 0, 1);
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  measurement_.sram->stack = std::max(*measurement_.sram->stack, result->stack_used);
  return Compare(absl::StrCat("test input ", seed), expected_->Get(seed), result->output);
}

bool Job::CheckSample(int64_t index) {
  RunRequest request;
  const absl::Span<const int8_t> input = options_.samples->input(index);
  request.input.assign(input.begin(), input.end());
  request.deadline = options_.run_deadline;
  request.lap_steps = prepared_.lap_steps;
  absl::StatusOr<RunResult> result = session_->Run(request);
  if (absl::IsResourceExhausted(result.status())) {
    return Failed(Outcome::kInfeasible, std::string(result.status().message()));
  }
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  ++measurement_.samples;
  const int32_t label = options_.samples->labels[static_cast<size_t>(index)];
  if (Largest(result->output) == label) ++*measurement_.correct;
  return Compare(absl::StrCat("sample ", index), expected_->OfSample(index), result->output);
}

bool Job::Check() {
  bool exact =
      Compare(absl::StrCat("test input ", kFirstSeed), expected_->Get(kFirstSeed), first_output_);
  for (int32_t seed = kFirstSeed + 1; exact && seed <= options_.inputs; ++seed) {
    exact = CheckPattern(seed);
  }
  if (options_.samples != nullptr) {
    measurement_.correct = 0;
    for (int64_t i = 0; exact && i < options_.samples->size(); ++i) exact = CheckSample(i);
  }
  measurement_.outputs_sha256 = Sha256Hex(outputs_);
  if (exact) measurement_.exact = true;
  return exact;
}

}  // namespace

Measurement MeasurePrepared(const PreparedMeasurement& prepared, Board& board,
                            const StepObserver& observer) {
  Measurement measurement = prepared.measurement;
  measurement.board = board.name();
  if (!prepared.complete()) Job(prepared, board, measurement).Run(observer);
  return measurement;
}

}  // namespace boardloop
