#include "device-agent/measure/measure.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/graph/model_proto.h"
#include "core/tflite/tflite.h"
#include "device-agent/build/resident_image.h"
#include "device-agent/measure/expected_outputs.h"
#include "firmware/codegen/emit_resident.h"
#include "firmware/engine/engine.h"

namespace boardloop {
namespace {

constexpr absl::Duration kBoot = absl::Seconds(5);
// Of a chip's flash, in the worst case: 16 s to erase 1 MiB (data sheet), and as much to write.
constexpr absl::Duration kProgram = absl::Seconds(90);
constexpr char kMailboxSymbol[] = "bl_mailbox";
constexpr uint32_t kFirstSeed = 1;

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

absl::StatusOr<Model> ParseAnyModel(const std::string& bytes, const std::string& path) {
  return absl::EndsWith(path, kModelExtension) ? ParseModel(bytes, path)
                                               : ImportTflite(bytes, path);
}

std::vector<FlashSegment> FlashSegments(const std::vector<LoadSegment>& segments) {
  std::vector<FlashSegment> flash;
  for (const LoadSegment& segment : segments) flash.push_back({segment.address, segment.bytes});
  return flash;
}

}  // namespace

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

// One measurement on its way. Each step returns whether to go on; when not, `measurement` says why.
class Measurer::Job {
 public:
  Job(Measurer& measurer, const Model& model, const MeasureOptions& options,
      Measurement& measurement)
      : measurer_(measurer),
        board_(measurer.board_),
        model_(model),
        options_(options),
        measurement_(measurement) {}

  void Run() {
    // The steps' order is that of cost: what does not fit is known before anything is built, and
    // what does not compile before the board is touched.
    if (!Step("generate", [&] { return Generate(); })) return;
    if (resident() && !Step("image", [&] { return BuildResident(); })) return;
    if (!Step(resident() ? "load" : "build", [&] { return resident() ? Emit() : Build(); })) return;
    if (!Step("connect", [&] { return Connect(); })) return;
    // Beside the board's work, which leaves this machine's processors mostly idle.
    if (checked()) expected_.emplace(model_, options_.inputs, options_.samples);
    if (!Step("flash", [&] { return Flash(); })) return;
    if (!Step("run", [&] { return Time(); })) return;
    if (checked() && !Step("check", [&] { return Check(); })) return;
    // Only now: a probe that hangs late in each measurement still hangs in each.
    const absl::Status noted = board_.NoteResult(absl::OkStatus());
    if (!noted.ok()) Fail(Outcome::kAgentFailed, std::string(noted.message()));
  }

 private:
  bool resident() const { return options_.mode == MeasureMode::kResident; }
  bool checked() const { return !resident(); }  // A resident image has weights of its own.

  template <typename Function>
  bool Step(const std::string& name, Function&& function) {
    measurer_.observer_(name, std::nullopt);
    const Clock::time_point start = Clock::now();
    const bool go_on = function();
    const double seconds = SecondsSince(start);
    measurement_.seconds.emplace_back(name, seconds);
    measurer_.observer_(name, seconds);
    return go_on;
  }

  bool Fail(Outcome outcome, const std::string& message) {
    measurement_.outcome = outcome;
    measurement_.message = message;
    return false;
  }

  // A failure of board or probe, which the board takes note of.
  bool BoardError(const absl::Status& status) {
    const absl::Status noted = board_.NoteResult(status);
    std::string message(status.message());
    if (!noted.ok()) absl::StrAppend(&message, "; ", std::string(noted.message()));
    return Fail(OutcomeOfBoardError(status), message);
  }

  void AddProvenance(const std::string& name, const std::string& value) {
    measurement_.provenance.emplace_back(name, value);
  }

  bool Generate();
  bool CheckPlanFits(const Plan& plan);
  bool BuildResident();
  bool Build();
  bool Emit();
  bool Connect();
  bool Flash();
  bool Time();
  bool Check();
  bool CheckPattern(int32_t seed);
  bool CheckSample(int64_t index);
  absl::StatusOr<RunResult> Request(uint32_t seed, uint32_t warmup_runs, uint32_t runs);
  bool Ended(const RunResult& result);
  bool Compare(const std::string& input, const absl::StatusOr<std::vector<int8_t>>& expected,
               const std::vector<int8_t>& output);
  const FirmwareImage& image() const { return resident() ? *measurer_.resident_ : *image_; }

  Measurer& measurer_;
  Board& board_;
  const Model& model_;
  const MeasureOptions& options_;
  Measurement& measurement_;

  std::optional<EngineProgram> program_;
  std::optional<FirmwareImage> image_;
  ResidentProgram table_;
  std::optional<RunnerSession> session_;
  std::optional<ExpectedOutputs> expected_;
  std::vector<int32_t> lap_steps_;
  std::vector<int8_t> first_output_;
  std::string outputs_;  // Of all inputs, in order.
};

// ---- Planning and building.

bool Measurer::Job::CheckPlanFits(const Plan& plan) {
  if (plan.meets_limit) return true;
  const std::vector<int64_t> regions = board_.type().ArenaRegions();
  if (options_.sram_limit.has_value() && plan.peak_sram_bytes > *options_.sram_limit) {
    return Fail(
        Outcome::kInfeasible,
        absl::StrFormat("SRAM: arena and scratch need %d B, the limit is %d B: %d B too many",
                        plan.peak_sram_bytes, *options_.sram_limit,
                        plan.peak_sram_bytes - *options_.sram_limit));
  }
  int64_t sum = 0;
  for (const int64_t bytes : regions) sum += bytes;
  if (plan.peak_sram_bytes <= sum) {
    return Fail(Outcome::kInfeasible,
                absl::StrFormat("SRAM: arena and scratch need %d B, and no way was found to spread "
                                "them over the board's pieces of %s B",
                                plan.peak_sram_bytes, absl::StrJoin(regions, " + ")));
  }
  return Fail(
      Outcome::kInfeasible,
      absl::StrFormat("SRAM: arena and scratch need %d B, %s leaves %d B: %d B too many",
                      plan.peak_sram_bytes, board_.type().name, sum, plan.peak_sram_bytes - sum));
}

bool Measurer::Job::Generate() {
  PlanOptions plan_options;
  plan_options.patch = options_.patch;
  plan_options.sram_limit = options_.sram_limit;
  plan_options.regions = board_.type().ArenaRegions();
  plan_options.input = options_.input;
  const int64_t input_bytes = model_.graph.shape(model_.graph.input).elements();
  if (options_.samples != nullptr && options_.samples->input_bytes != input_bytes) {
    return Fail(Outcome::kInvalidModel,
                absl::StrFormat("the samples have %d B each, the model's input has %d",
                                options_.samples->input_bytes, input_bytes));
  }
  absl::StatusOr<Plan> plan = PlanGraph(model_.graph, plan_options);
  if (!plan.ok()) return Fail(Outcome::kInvalidModel, std::string(plan.status().message()));
  measurement_.plan = *plan;
  measurement_.sram = SramUse{plan->arena_bytes, plan->scratch_bytes, {}, {}};
  if (!CheckPlanFits(*plan)) return false;

  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model_, *plan, KernelSet::kDsp);
  if (!program.ok()) return Fail(Outcome::kInvalidModel, std::string(program.status().message()));
  program_ = *std::move(program);
  lap_steps_ = program_->LapSteps();
  for (const StepInfo& step : program_->steps) measurement_.macs += step.macs;
  const auto constants = static_cast<int64_t>(program_->constants.size());
  measurement_.flash = FlashUse{program_->weight_bytes, constants - program_->weight_bytes, {}, {}};
  const int64_t room = board_.type().FlashBytes();
  if (constants > room) {
    return Fail(Outcome::kInfeasible,
                absl::StrFormat("flash: weights and constants alone need %d B, %s has %d B: %d B "
                                "too many",
                                constants, board_.type().name, room, constants - room));
  }
  return true;
}

bool Measurer::Job::Build() {
  absl::StatusOr<FirmwareImage> image = measurer_.builder_.BuildImage(board_.type(), *program_);
  if (!image.ok()) {
    const bool too_large = absl::IsResourceExhausted(image.status());
    return Fail(too_large ? Outcome::kInfeasible : Outcome::kAgentFailed,
                std::string(image.status().message()));
  }
  image_ = *std::move(image);
  const ImageSize& size = image_->size;
  measurement_.sram->data = size.data;
  measurement_.flash = FlashUse{size.weights, size.constants, size.code, size.flash};
  if (options_.keep_image) measurement_.image_elf = image_->elf;
  AddProvenance("image_sha256", image_->digest);
  AddProvenance("image_from_cache", image_->from_cache ? "yes" : "no");
  return true;
}

bool Measurer::Job::BuildResident() {
  if (measurer_.resident_.has_value()) return true;
  absl::StatusOr<FirmwareImage> image = measurer_.builder_.BuildResident(board_.type());
  if (!image.ok()) return Fail(Outcome::kAgentFailed, std::string(image.status().message()));
  measurer_.resident_ = *std::move(image);
  return true;
}

bool Measurer::Job::Emit() {
  AddProvenance("image_sha256", image().digest);
  const absl::StatusOr<ResidentImage> resident = DescribeResident(image(), board_.type());
  if (!resident.ok()) return Fail(Outcome::kAgentFailed, std::string(resident.status().message()));
  absl::StatusOr<ResidentProgram> table = EmitResident(*program_, *resident);
  if (!table.ok()) {
    const bool too_large = absl::IsResourceExhausted(table.status());
    return Fail(too_large ? Outcome::kInfeasible : Outcome::kAgentFailed,
                absl::StrCat("in resident mode: ", std::string(table.status().message())));
  }
  table_ = *std::move(table);
  return true;
}

// ---- The board.

bool Measurer::Job::Connect() {
  const absl::Status connected = board_.Connect();
  if (absl::IsNotFound(connected)) {
    return Fail(Outcome::kAgentFailed, std::string(connected.message()));
  }
  if (!connected.ok()) return BoardError(connected);
  AddProvenance("unique_id", board_.identity().unique_id);
  AddProvenance("device_id", absl::StrFormat("0x%08x", board_.identity().device_id));
  AddProvenance("probe", board_.probe().ToolVersion());
  return true;
}

bool Measurer::Job::Flash() {
  const auto mailbox = image().symbols.find(kMailboxSymbol);
  if (mailbox == image().symbols.end()) {
    return Fail(Outcome::kAgentFailed, absl::StrCat("the image lacks the symbol ", kMailboxSymbol));
  }
  if (board_.programmed != image().digest) {
    absl::StatusOr<std::vector<LoadSegment>> segments = LoadSegments(image());
    if (!segments.ok())
      return Fail(Outcome::kAgentFailed, std::string(segments.status().message()));
    absl::StatusOr<ProgramReport> report =
        board_.probe().Program(FlashSegments(*segments), kProgram);
    if (!report.ok()) return BoardError(report.status());
    const absl::Status counted = board_.state().CountErases(report->sectors_erased);
    if (!counted.ok()) return Fail(Outcome::kAgentFailed, std::string(counted.message()));
    AddProvenance("sectors_erased", absl::StrCat(report->sectors_erased));
    board_.programmed = image().digest;
  }
  AddProvenance("board_sector_erases", absl::StrCat(board_.state().sector_erases()));
  session_.emplace(board_.probe(), mailbox->second);
  const absl::Status booted = session_->Boot(kBoot);
  if (!booted.ok()) return BoardError(booted);
  if (!resident()) return true;
  const absl::Status written = session_->Write(table_.address, table_.bytes);
  return written.ok() || BoardError(written);
}

absl::StatusOr<RunResult> Measurer::Job::Request(uint32_t seed, uint32_t warmup_runs,
                                                 uint32_t runs) {
  RunRequest request;
  request.network = table_.network_address;
  request.pattern_seed = seed;
  request.warmup_runs = warmup_runs;
  request.runs = runs;
  request.deadline = options_.run_deadline;
  request.lap_steps = lap_steps_;
  return session_->Run(request);
}

// Whether the run is done; else the candidate has failed.
bool Measurer::Job::Ended(const RunResult& result) {
  if (result.end == RunResult::End::kDone) return true;
  std::string where;
  const auto step = static_cast<size_t>(result.fault_step);
  if (result.fault_step >= 0 && step < program_->steps.size()) {
    where = absl::StrFormat(" in step %d (%s, %s)", step, program_->steps[step].name,
                            program_->steps[step].op);
  }
  board_.programmed.clear();  // Flash is as it was, but the next measurement starts from a reset.
  if (result.end == RunResult::End::kRefused) return Fail(Outcome::kAgentFailed, result.why);
  return Fail(Outcome::kCandidateFailed, result.why + where);
}

bool Measurer::Job::Time() {
  // One run that is not timed: on silicon it fills caches and prefetch buffers.
  absl::StatusOr<RunResult> result = Request(kFirstSeed, 1, static_cast<uint32_t>(options_.runs));
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  measurement_.runs = result->runs;
  measurement_.has_instructions = session_->facts().timing == BL_TIMING_MARKS;
  measurement_.clock_hz = session_->facts().clock_hz;
  measurement_.sram->stack = result->stack_used;
  for (size_t i = 0; i < program_->steps.size(); ++i) {
    const StepInfo& step = program_->steps[i];
    const Count count = i < result->steps.size() ? result->steps[i] : Count{};
    measurement_.ops.push_back({step.name, step.op, step.kernel, step.macs, count});
  }
  first_output_ = std::move(result->output);
  return true;
}

bool Measurer::Job::Compare(const std::string& input,
                            const absl::StatusOr<std::vector<int8_t>>& expected,
                            const std::vector<int8_t>& output) {
  if (!expected.ok()) {
    return Fail(Outcome::kInvalidModel, std::string(expected.status().message()));
  }
  outputs_.append(reinterpret_cast<const char*>(output.data()), output.size());
  ++measurement_.inputs;
  if (output == *expected) return true;
  const auto difference =
      std::mismatch(output.begin(), output.end(), expected->begin(), expected->end());
  measurement_.exact = false;
  if (difference.first == output.end() || difference.second == expected->end()) {
    return Fail(Outcome::kCandidateFailed,
                absl::StrFormat("the output has %d values, the reference %d", output.size(),
                                expected->size()));
  }
  return Fail(Outcome::kCandidateFailed,
              absl::StrFormat("wrong bytes: output value %d of %s is %d, the reference gives %d",
                              difference.first - output.begin(), input, *difference.first,
                              *difference.second));
}

bool Measurer::Job::CheckPattern(int32_t seed) {
  absl::StatusOr<RunResult> result = Request(static_cast<uint32_t>(seed), 0, 1);
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  measurement_.sram->stack = std::max(*measurement_.sram->stack, result->stack_used);
  return Compare(absl::StrCat("test input ", seed), expected_->Get(seed), result->output);
}

bool Measurer::Job::CheckSample(int64_t index) {
  RunRequest request;
  const absl::Span<const int8_t> input = options_.samples->input(index);
  request.input.assign(input.begin(), input.end());
  request.deadline = options_.run_deadline;
  request.lap_steps = lap_steps_;
  absl::StatusOr<RunResult> result = session_->Run(request);
  if (absl::IsResourceExhausted(result.status())) {
    return Fail(Outcome::kInfeasible, std::string(result.status().message()));
  }
  if (!result.ok()) return BoardError(result.status());
  if (!Ended(*result)) return false;
  ++measurement_.samples;
  const int32_t label = options_.samples->labels[static_cast<size_t>(index)];
  if (Largest(result->output) == label) ++*measurement_.correct;
  return Compare(absl::StrCat("sample ", index), expected_->OfSample(index), result->output);
}

bool Measurer::Job::Check() {
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

// ---- The measurer.

Measurer::Measurer(Board& board, Builder& builder, StepObserver observer)
    : board_(board), builder_(builder), observer_(std::move(observer)) {}

Measurement Measurer::MeasureFile(const std::string& path, const MeasureOptions& options) {
  absl::StatusOr<std::string> bytes = ReadFile(path, std::max(kMaxTfliteBytes, kMaxModelBytes));
  absl::StatusOr<Model> model =
      bytes.ok() ? ParseAnyModel(*bytes, path) : absl::StatusOr<Model>(bytes.status());
  if (model.ok()) {
    Measurement measurement = MeasureModel(*model, path, options);
    measurement.provenance.insert(measurement.provenance.begin(),
                                  {"model_sha256", Sha256Hex(*bytes)});
    return measurement;
  }
  Measurement measurement = Blank(path, options);
  measurement.outcome = Outcome::kInvalidModel;
  measurement.message = std::string(model.status().message());
  return measurement;
}

Measurement Measurer::MeasureModel(const Model& model, const std::string& name,
                                   const MeasureOptions& options) {
  Measurement measurement = Blank(name, options);
  Job(*this, model, options, measurement).Run();
  return measurement;
}

Measurement Measurer::Blank(const std::string& name, const MeasureOptions& options) const {
  Measurement measurement;
  measurement.model = name;
  measurement.mode = options.mode;
  measurement.board = board_.name();
  measurement.board_type = board_.type().name;
  measurement.clock_hz = board_.type().clock_hz;
  const Timing& timing = board_.type().support->timing;
  measurement.modelled = timing.source == Timing::Source::kModel;
  measurement.provenance = {{"agent_version", BOARDLOOP_VERSION},
                            {"engine_version", absl::StrCat(BL_ENGINE_VERSION)},
                            {"compiler", builder_.toolchain().version},
                            {"timing_model", measurement.modelled ? timing.model : "none"}};
  return measurement;
}

}  // namespace boardloop
