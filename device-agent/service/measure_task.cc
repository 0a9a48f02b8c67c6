#include "device-agent/service/measure_task.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/graph/model_proto.h"
#include "core/plan/network_facts.h"
#include "core/tflite/tflite.h"
#include "device-agent/measure/measure.h"
#include "device-agent/service/library_archive.h"
#include "device-agent/service/measurement_proto.h"

namespace boardloop {
namespace {

// Resident candidates have random weights of this seed: neither time nor memory depends on them.
constexpr uint64_t kWeightSeed = 1;
// Where a .tflite has its identifier.
constexpr size_t kTfliteIdentifier = 4;

double SecondsSince(absl::Time begin) { return absl::ToDoubleSeconds(absl::Now() - begin); }

absl::StatusOr<Model> ModelOf(const v1::MeasureTask& task, const ArtifactAccess& artifacts) {
  if (task.has_subnet()) {
    BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(task.subnet().subnet()));
    BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(task.subnet().space(), subnet));
    return RandomModel(graph, kWeightSeed);
  }
  BL_ASSIGN_OR_RETURN(const std::string bytes, artifacts.read(task.model()));
  const bool tflite =
      bytes.size() > kTfliteIdentifier && bytes.compare(kTfliteIdentifier, 4, "TFL3") == 0;
  return tflite ? ImportTflite(bytes, task.model()) : ParseModel(bytes, task.model());
}

absl::StatusOr<MeasureOptions> OptionsOf(const v1::MeasureTask& task,
                                         const ArtifactAccess& artifacts) {
  MeasureOptions options;
  options.mode =
      task.mode() == v1::Measurement::IMAGE ? MeasureMode::kImage : MeasureMode::kResident;
  options.patch = task.patches();
  if (task.sram_limit_bytes() > 0) options.sram_limit = task.sram_limit_bytes();
  options.inputs = std::max(task.inputs(), 1);
  options.keep_image = task.deliver();
  if (task.samples().empty()) return options;
  BL_ASSIGN_OR_RETURN(const std::string bytes, artifacts.read(task.samples()));
  BL_ASSIGN_OR_RETURN(Samples samples, ParseSamples(bytes, task.samples()));
  if (samples.size() > 0) options.samples = std::make_shared<const Samples>(std::move(samples));
  return options;
}

// That the coordinator and we mean the same network, planned alike.
absl::Status CheckDigests(const v1::MeasureTask& task, const Graph& graph,
                          const MeasureOptions& options, const BoardType& type) {
  if (task.graph_digest().empty()) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const Plan plan, PlanGraph(graph, PlanOptionsOf(options, type)));
  const NetworkFacts facts = FactsOf(graph, plan);
  if (facts.graph_digest == task.graph_digest() && facts.plan_digest == task.plan_digest()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "the coordinator's plan is %s of graph %s, ours is %s of %s: its release, or its file of "
      "board type %s, is another than ours",
      task.plan_digest(), task.graph_digest(), facts.plan_digest, facts.graph_digest, type.name));
}

absl::StatusOr<PreparedTask> Prepare(const v1::MeasureTask& task, Preparer& preparer,
                                     const ArtifactAccess& artifacts,
                                     const StepObserver& observer) {
  BL_ASSIGN_OR_RETURN(Model model, ModelOf(task, artifacts));
  BL_ASSIGN_OR_RETURN(const MeasureOptions options, OptionsOf(task, artifacts));
  BL_RETURN_IF_ERROR(CheckDigests(task, model.graph, options, preparer.type()));

  const std::string name = task.has_subnet() ? task.subnet().subnet() : task.model();
  PreparedTask prepared;
  prepared.measurement = preparer.Prepare(std::move(model), name, options, observer);
  Measurement& measurement = prepared.measurement.measurement;
  measurement.random_weights = task.has_subnet();
  if (!task.model().empty()) measurement.provenance.emplace_back("model", task.model());
  if (task.deliver() && !prepared.measurement.complete()) {
    BL_ASSIGN_OR_RETURN(prepared.library,
                        LibraryArchive(prepared.measurement.model, *measurement.plan));
  }
  return prepared;
}

absl::Status Deliver(const PreparedTask& task, const Measurement& measurement,
                     const ArtifactAccess& artifacts, v1::MeasureOutput& output) {
  BL_ASSIGN_OR_RETURN(*output.mutable_library(), artifacts.write(task.library));
  BL_ASSIGN_OR_RETURN(*output.mutable_firmware(), artifacts.write(measurement.image_elf));
  return absl::OkStatus();
}

v1::TaskResult Failed(const absl::Status& status) {
  v1::TaskResult result;
  // What the task asks for is wrong whoever does it; all else is ours.
  result.set_outcome(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status)
                         ? v1::TaskResult::INVALID
                         : v1::TaskResult::MEMBER_FAILED);
  result.set_message(std::string(status.message()));
  return result;
}

}  // namespace

PreparedTask PrepareMeasureTask(const v1::MeasureTask& task, Preparer& preparer,
                                const ArtifactAccess& artifacts, const StepObserver& observer) {
  const absl::Time begin = absl::Now();
  absl::StatusOr<PreparedTask> prepared = Prepare(task, preparer, artifacts, observer);
  if (!prepared.ok()) {
    PreparedTask failed;
    failed.failure = Failed(prepared.status());
    return failed;
  }
  prepared->seconds = SecondsSince(begin);
  return *std::move(prepared);
}

v1::TaskResult RunPreparedTask(const PreparedTask& task, const std::string& name, Board& board,
                               const ArtifactAccess& artifacts, const StepObserver& observer) {
  if (task.failure.has_value()) return *task.failure;
  const absl::Time begin = absl::Now();
  const Measurement measurement = MeasurePrepared(task.measurement, board, observer);
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  if (!task.library.empty() && measurement.outcome == Outcome::kOk) {
    const absl::Status delivered = Deliver(task, measurement, artifacts, *result.mutable_measure());
    if (!delivered.ok()) return Failed(delivered);
  }
  *result.mutable_measure()->mutable_measurement() = ToProto(measurement, name);
  result.set_seconds(task.seconds + SecondsSince(begin));
  return result;
}

}  // namespace boardloop
