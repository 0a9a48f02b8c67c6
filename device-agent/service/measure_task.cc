#include "device-agent/service/measure_task.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/graph/model_proto.h"
#include "core/plan/network_facts.h"
#include "core/tflite/tflite.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/service/measurement_proto.h"
#include "firmware/codegen/export_library.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

// Resident candidates have random weights of this seed: neither time nor memory depends on them.
constexpr uint64_t kWeightSeed = 1;
constexpr char kLibraryPrefix[] = "network";
// Where a .tflite has its identifier.
constexpr size_t kTfliteIdentifier = 4;

struct Job {
  Model model;
  MeasureOptions options;
  Samples samples;
};

absl::StatusOr<Model> ModelOf(const v1::MeasureTask& task, const ArtifactAccess& artifacts) {
  if (task.has_subnet()) {
    BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(task.subnet().subnet()));
    BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(task.subnet().space(), subnet));
    return RandomModel(graph, kWeightSeed);
  }
  BL_ASSIGN_OR_RETURN(const std::string bytes, artifacts.read(task.model()));
  const bool tflite = bytes.compare(kTfliteIdentifier, 4, "TFL3") == 0;
  return tflite ? ImportTflite(bytes, task.model()) : ParseModel(bytes, task.model());
}

PlanOptions PlanOptionsOf(const MeasureOptions& options, const BoardType& type) {
  PlanOptions plan;
  plan.patch = options.patch;
  plan.sram_limit = options.sram_limit;
  plan.input = options.input;
  plan.regions = type.ArenaRegions();
  return plan;
}

// That the coordinator and we mean the same network, planned alike.
absl::Status CheckDigests(const v1::MeasureTask& task, const Job& job, const BoardType& type) {
  if (task.graph_digest().empty()) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const Plan plan,
                      PlanGraph(job.model.graph, PlanOptionsOf(job.options, type)));
  const NetworkFacts facts = FactsOf(job.model.graph, plan);
  if (facts.graph_digest == task.graph_digest() && facts.plan_digest == task.plan_digest()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "the coordinator's plan is %s of graph %s, ours is %s of %s: its release, or its file of "
      "board type %s, is another than ours",
      task.plan_digest(), task.graph_digest(), facts.plan_digest, facts.graph_digest, type.name));
}

absl::StatusOr<Job> MakeJob(const v1::MeasureTask& task, const BoardType& type,
                            const ArtifactAccess& artifacts) {
  Job job;
  BL_ASSIGN_OR_RETURN(job.model, ModelOf(task, artifacts));
  job.options.mode =
      task.mode() == v1::Measurement::IMAGE ? MeasureMode::kImage : MeasureMode::kResident;
  job.options.patch = task.patches();
  if (task.sram_limit_bytes() > 0) job.options.sram_limit = task.sram_limit_bytes();
  job.options.inputs = std::max(task.inputs(), 1);
  job.options.keep_image = task.deliver();
  if (!task.samples().empty()) {
    BL_ASSIGN_OR_RETURN(const std::string bytes, artifacts.read(task.samples()));
    BL_ASSIGN_OR_RETURN(job.samples, ParseSamples(bytes, task.samples()));
  }
  BL_RETURN_IF_ERROR(CheckDigests(task, job, type));
  return job;
}

// A folder that goes with its object.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_((fs::temp_directory_path() /
               absl::StrCat("boardloop-library-", getpid(), "-", absl::GetCurrentTimeNanos()))
                  .string()) {}
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The C library as one file: equal libraries are equal bytes.
absl::StatusOr<std::string> LibraryArchive(const Job& job, const Plan& plan) {
  BL_ASSIGN_OR_RETURN(const EngineProgram program,
                      MakeEngineProgram(job.model, plan, KernelSet::kDsp));
  BL_ASSIGN_OR_RETURN(const std::string sources, FindFirmwareSources());
  const ScratchFolder folder;
  EmitOptions emit;
  emit.prefix = kLibraryPrefix;
  BL_RETURN_IF_ERROR(ExportLibrary(program, emit, sources, folder.path() + "/network"));
  BL_ASSIGN_OR_RETURN(
      ProcessOutput tar,
      RunProcess({"tar", "--create", "--gzip", "--sort=name", "--mtime=@0", "--owner=0",
                  "--group=0", "--numeric-owner", "--directory", folder.path(), "network"},
                 "", {.deadline = absl::Seconds(60)}));
  if (tar.exit_code != 0) return absl::InternalError(absl::StrCat("tar: ", tar.err));
  return std::move(tar.out);
}

absl::Status Deliver(const Job& job, const Measurement& measurement,
                     const ArtifactAccess& artifacts, v1::MeasureOutput& output) {
  BL_ASSIGN_OR_RETURN(const std::string library, LibraryArchive(job, *measurement.plan));
  BL_ASSIGN_OR_RETURN(*output.mutable_library(), artifacts.write(library));
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

v1::TaskResult RunMeasureTask(const v1::MeasureTask& task, const std::string& board,
                              Measurer& measurer, const BoardType& type,
                              const ArtifactAccess& artifacts) {
  const absl::Time begin = absl::Now();
  absl::StatusOr<Job> job = MakeJob(task, type, artifacts);
  if (!job.ok()) return Failed(job.status());
  if (job->samples.size() > 0) job->options.samples = &job->samples;
  const std::string name = task.has_subnet() ? task.subnet().subnet() : task.model();
  Measurement measurement = measurer.MeasureModel(job->model, name, job->options);
  measurement.random_weights = task.has_subnet();
  if (!task.model().empty()) measurement.provenance.emplace_back("model", task.model());

  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  if (task.deliver() && measurement.outcome == Outcome::kOk) {
    const absl::Status delivered = Deliver(*job, measurement, artifacts, *result.mutable_measure());
    if (!delivered.ok()) return Failed(delivered);
  }
  *result.mutable_measure()->mutable_measurement() = ToProto(measurement, board);
  result.set_seconds(absl::ToDoubleSeconds(absl::Now() - begin));
  return result;
}

}  // namespace boardloop
