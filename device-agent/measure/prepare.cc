#include "device-agent/measure/prepare.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/graph/model_proto.h"
#include "core/plan/plan.h"
#include "core/tflite/tflite.h"
#include "device-agent/build/resident_image.h"
#include "firmware/engine/engine.h"

namespace boardloop {
namespace {

absl::StatusOr<Model> ParseAnyModel(const std::string& bytes, const std::string& path) {
  return absl::EndsWith(path, kModelExtension) ? ParseModel(bytes, path)
                                               : ImportTflite(bytes, path);
}

// Of a step that emits or builds: what is too large is a result, all else ours.
Outcome OutcomeOfBuildError(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? Outcome::kInfeasible : Outcome::kAgentFailed;
}

}  // namespace

// One preparation on its way.
class Preparer::Job {
 public:
  Job(Preparer& preparer, PreparedMeasurement& prepared)
      : preparer_(preparer),
        type_(preparer.type_),
        options_(prepared.options),
        prepared_(prepared),
        measurement_(prepared.measurement) {}

  // The steps' order is that of cost: what does not fit is known before anything is built.
  void Run(const StepObserver& observer) {
    const auto step = [&](const char* name, bool (Job::*method)()) {
      return RunStep(name, observer, measurement_, [&] { return (this->*method)(); });
    };
    if (!step("generate", &Job::Generate)) return;
    if (options_.mode == MeasureMode::kImage) {
      step("build", &Job::Build);
      return;
    }
    if (step("image", &Job::BuildResident)) step("load", &Job::Emit);
  }

 private:
  bool Failed(Outcome outcome, const std::string& message) {
    return Fail(measurement_, outcome, message);
  }
  void AddProvenance(const std::string& name, const std::string& value) {
    measurement_.provenance.emplace_back(name, value);
  }

  bool Generate();
  bool CheckSamples();
  bool CheckPlanFits(const Plan& plan);
  bool CheckConstantsFit();
  bool Build();
  bool BuildResident();
  bool Emit();

  Preparer& preparer_;
  const BoardType& type_;
  const MeasureOptions& options_;
  PreparedMeasurement& prepared_;
  Measurement& measurement_;
  std::optional<EngineProgram> program_;
};

bool Preparer::Job::CheckSamples() {
  if (options_.samples == nullptr) return true;
  const Graph& graph = prepared_.model.graph;
  const int64_t input_bytes = graph.shape(graph.input).elements();
  if (options_.samples->input_bytes == input_bytes) return true;
  return Failed(Outcome::kInvalidModel,
                absl::StrFormat("the samples have %d B each, the model's input has %d",
                                options_.samples->input_bytes, input_bytes));
}

bool Preparer::Job::CheckPlanFits(const Plan& plan) {
  if (plan.meets_limit) return true;
  const std::vector<int64_t> regions = type_.ArenaRegions();
  if (options_.sram_limit.has_value() && plan.peak_sram_bytes > *options_.sram_limit) {
    return Failed(
        Outcome::kInfeasible,
        absl::StrFormat("SRAM: arena and scratch need %d B, the limit is %d B: %d B too many",
                        plan.peak_sram_bytes, *options_.sram_limit,
                        plan.peak_sram_bytes - *options_.sram_limit));
  }
  int64_t sum = 0;
  for (const int64_t bytes : regions) sum += bytes;
  if (plan.peak_sram_bytes <= sum) {
    return Failed(Outcome::kInfeasible,
                  absl::StrFormat("SRAM: arena and scratch need %d B, and no way was found to "
                                  "spread them over the board's pieces of %s B",
                                  plan.peak_sram_bytes, absl::StrJoin(regions, " + ")));
  }
  return Failed(Outcome::kInfeasible,
                absl::StrFormat("SRAM: arena and scratch need %d B, %s leaves %d B: %d B too many",
                                plan.peak_sram_bytes, type_.name, sum, plan.peak_sram_bytes - sum));
}

bool Preparer::Job::CheckConstantsFit() {
  const int64_t constants = program_->FlashBytes();
  measurement_.flash = FlashUse{program_->weight_bytes, constants - program_->weight_bytes, {}, {}};
  const int64_t room = type_.FlashBytes();
  if (constants <= room) return true;
  return Failed(Outcome::kInfeasible,
                absl::StrFormat("flash: weights and constants alone need %d B, %s has %d B: %d B "
                                "too many",
                                constants, type_.name, room, constants - room));
}

bool Preparer::Job::Generate() {
  if (!CheckSamples()) return false;
  const Model& model = prepared_.model;
  absl::StatusOr<Plan> plan = PlanGraph(model.graph, PlanOptionsOf(options_, type_));
  if (!plan.ok()) return Failed(Outcome::kInvalidModel, std::string(plan.status().message()));
  measurement_.plan = *plan;
  measurement_.sram = SramUse{plan->arena_bytes, plan->scratch_bytes, {}, {}};
  if (!CheckPlanFits(*plan)) return false;

  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, *plan, KernelSet::kDsp);
  if (!program.ok()) return Failed(Outcome::kInvalidModel, std::string(program.status().message()));
  program_ = *std::move(program);
  prepared_.steps = program_->steps;
  prepared_.lap_steps = program_->LapSteps();
  for (const StepInfo& step : program_->steps) measurement_.macs += step.macs;
  return CheckConstantsFit();
}

bool Preparer::Job::Build() {
  absl::StatusOr<FirmwareImage> image = preparer_.builder_.BuildImage(type_, *program_);
  if (!image.ok()) {
    return Failed(OutcomeOfBuildError(image.status()), std::string(image.status().message()));
  }
  const ImageSize& size = image->size;
  measurement_.sram->data = size.data;
  // What the runner itself keeps beside code is none of the network's.
  measurement_.flash->code =
      size.flash - measurement_.flash->weights - measurement_.flash->constants;
  measurement_.flash->total = size.flash;
  if (options_.keep_image) measurement_.image_elf = image->elf;
  AddProvenance("image_sha256", image->digest);
  AddProvenance("image_from_cache", image->from_cache ? "yes" : "no");
  prepared_.image = std::make_shared<const FirmwareImage>(*std::move(image));
  return true;
}

bool Preparer::Job::BuildResident() {
  absl::StatusOr<std::shared_ptr<const FirmwareImage>> image = preparer_.Resident();
  if (!image.ok()) return Failed(Outcome::kAgentFailed, std::string(image.status().message()));
  prepared_.image = *std::move(image);
  return true;
}

bool Preparer::Job::Emit() {
  AddProvenance("image_sha256", prepared_.image->digest);
  const absl::StatusOr<ResidentImage> resident = DescribeResident(*prepared_.image, type_);
  if (!resident.ok()) {
    return Failed(Outcome::kAgentFailed, std::string(resident.status().message()));
  }
  absl::StatusOr<ResidentProgram> table = EmitResident(*program_, *resident);
  if (!table.ok()) {
    return Failed(OutcomeOfBuildError(table.status()),
                  absl::StrCat("in resident mode: ", std::string(table.status().message())));
  }
  prepared_.table = *std::move(table);
  return true;
}

// ---- The preparer.

Preparer::Preparer(BoardType type, const Builder& builder)
    : type_(std::move(type)), builder_(builder), resident_(type_, builder) {}

PreparedMeasurement Preparer::Prepare(Model model, const std::string& name,
                                      const MeasureOptions& options, const StepObserver& observer) {
  PreparedMeasurement prepared = Blank(name, options);
  prepared.model = std::move(model);
  Job(*this, prepared).Run(observer);
  return prepared;
}

PreparedMeasurement Preparer::PrepareFile(const std::string& path, const MeasureOptions& options,
                                          const StepObserver& observer) {
  const absl::StatusOr<std::string> bytes =
      ReadFile(path, std::max(kMaxTfliteBytes, kMaxModelBytes));
  if (!bytes.ok()) return Refuse(path, options, bytes.status());
  absl::StatusOr<Model> model = ParseAnyModel(*bytes, path);
  if (!model.ok()) return Refuse(path, options, model.status());
  PreparedMeasurement prepared = Prepare(*std::move(model), path, options, observer);
  auto& provenance = prepared.measurement.provenance;
  provenance.insert(provenance.begin(), {"model_sha256", Sha256Hex(*bytes)});
  return prepared;
}

PreparedMeasurement Preparer::Refuse(const std::string& name, const MeasureOptions& options,
                                     const absl::Status& status) const {
  PreparedMeasurement prepared = Blank(name, options);
  Fail(prepared.measurement, Outcome::kInvalidModel, std::string(status.message()));
  return prepared;
}

PreparedMeasurement Preparer::Blank(const std::string& name, const MeasureOptions& options) const {
  PreparedMeasurement prepared;
  prepared.options = options;
  Measurement& measurement = prepared.measurement;
  measurement.model = name;
  measurement.mode = options.mode;
  measurement.board_type = type_.name;
  measurement.clock_hz = type_.clock_hz;
  const Timing& timing = type_.support->timing;
  measurement.modelled = timing.source == Timing::Source::kModel;
  measurement.provenance = {{"agent_version", BOARDLOOP_VERSION},
                            {"engine_version", absl::StrCat(BL_ENGINE_VERSION)},
                            {"compiler", builder_.toolchain().version},
                            {"timing_model", measurement.modelled ? timing.model : "none"}};
  return prepared;
}

}  // namespace boardloop
