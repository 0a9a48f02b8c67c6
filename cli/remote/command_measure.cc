// boardloop measure: a model of the user's own on a board of the farm.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/artifact_transfer.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/measurement_text.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Measures a model on a board of the farm";

constexpr char kNotes[] =
    R"(The model is uploaded, queued before the tasks of searches, and measured. `boardloop show` and
`boardloop list --measurements` find it again.

The exit code says what came out:
  0 measured   2 the model is refused   3 it does not fit   4 FAILED   5 CANCELLED
  6 the coordinator cannot be reached

Examples:
  boardloop measure model.tflite --board-type virtual-stm32f405 --layers
  boardloop measure model.tflite --board-type stm32f746 --inputs 100 --no-wait
)";

constexpr absl::Duration kPause = absl::Seconds(1);  // Between streams that break.

struct MeasureFlags {
  RemoteFlags remote;
  std::string model;
  std::string board_type;
  v1::Measurement::Mode mode = v1::Measurement::IMAGE;
  int32_t inputs = 1;
  std::optional<int64_t> sram_bytes;
  bool patches = false;
  std::string title;
  std::string request_id;
  bool wait = true;
  bool layers = false;
  int32_t patience_s = 600;
};

// A file that no board could run is refused here, before it is sent and waits for one.
absl::Status CheckModel(const std::string& model) {
  if (absl::StartsWith(model, "artifacts/")) return absl::OkStatus();
  return ReadModelFile(model).status();
}

absl::StatusOr<v1::MeasurementJob> Create(Connection& connection, const MeasureFlags& flags) {
  BL_RETURN_IF_ERROR(CheckModel(flags.model));
  v1::CreateMeasurementRequest request;
  v1::MeasurementJob& job = *request.mutable_measurement();
  job.set_board_type(flags.board_type);
  job.set_mode(flags.mode);
  job.set_inputs(flags.inputs);
  job.set_patches(flags.patches);
  if (flags.sram_bytes) job.set_sram_limit_bytes(*flags.sram_bytes);
  // Files may be named by any bytes.
  job.set_display_name(flags.title.empty() ? Printable(LastPart(flags.model)) : flags.title);
  request.set_request_id(RequestIdOr(flags.request_id));
  BL_RETURN_IF_ERROR(CheckText(request));  // Before the file is sent.
  BL_ASSIGN_OR_RETURN(*job.mutable_model(), UploadedArtifact(connection, flags.model));
  absl::StatusOr<v1::MeasurementJob> created =
      connection.Call(&v1::MeasureService::Stub::CreateMeasurement, request);
  if (!created.ok()) return WithRequestId(created.status(), request.request_id());
  return created;
}

// Says on standard error what a job waits for, each time that it changes.
class Narrator {
 public:
  void Say(const v1::MeasurementJob& job) {
    std::string text =
        absl::StrFormat("%s is %s", job.name(), v1::MeasurementJob::State_Name(job.state()));
    if (!job.waiting_for().empty()) absl::StrAppend(&text, ", waits for ", job.waiting_for());
    if (text != said_) WriteMessage(text);
    said_ = text;
  }

 private:
  std::string said_;
};

absl::Status Watch(Connection& connection, Narrator& narrator, v1::MeasurementJob* job) {
  grpc::ClientContext context;
  SetDeadline(context, kStreamDeadline);
  v1::WatchMeasurementRequest request;
  request.set_name(job->name());
  const auto reader = connection.stub<v1::MeasureService>().WatchMeasurement(&context, request);
  for (v1::MeasurementJob now; reader->Read(&now);) {
    *job = now;
    if (!HasEnded(*job)) narrator.Say(*job);
  }
  return connection.Check(reader->Finish());
}

// The job once it has ended. A stream begins with the job as it is: one that was cut off misses nothing.
absl::StatusOr<v1::MeasurementJob> Wait(Connection& connection, v1::MeasurementJob job,
                                        absl::Duration patience) {
  Narrator narrator;
  while (!HasEnded(job)) {
    absl::Status status = Watch(connection, narrator, &job);
    if (HasEnded(job)) break;
    if (status.ok()) status = absl::UnavailableError("the coordinator ended the stream");
    if (!IsTransient(status)) return status;
    // Also where it can be reached: it may be about to stop.
    absl::SleepFor(std::min(patience, kPause));
    if (!connection.AwaitServer(patience)) return AsUnreachable(status);
  }
  return job;
}

absl::StatusOr<ExitCode> RunMeasure(Connection& connection, const MeasureFlags& flags) {
  BL_ASSIGN_OR_RETURN(v1::MeasurementJob job, Create(connection, flags));
  if (flags.wait) {
    BL_ASSIGN_OR_RETURN(job, Wait(connection, job, absl::Seconds(flags.patience_s)));
  }
  BL_RETURN_IF_ERROR(flags.remote.json
                         ? WriteJson(job)
                         : WriteResults(MeasurementJobText(job, absl::Now(), flags.layers)));
  return flags.wait ? ExitCodeOf(job) : ExitCode::kOk;
}

}  // namespace

void AddMeasureCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("measure", kHelp)->group(kFarmGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<MeasureFlags>();
  command.add_option("model", flags->model, "int8 model, or one uploaded before")
      ->required()
      ->type_name("MODEL.tflite|MODEL.blm|artifacts/SHA256");
  command
      .add_option("--board-type", flags->board_type, "Board type (see `boardloop boards types`)")
      ->required()
      ->type_name("TYPE");
  AddChoice<v1::Measurement::Mode>(
      command, "--mode", flags->mode,
      {{"image", v1::Measurement::IMAGE}, {"resident", v1::Measurement::RESIDENT}},
      "Flash the whole program with the model's weights, or load a call table for the resident "
      "image: faster, random weights");
  AddInteger(command, "--inputs", flags->inputs, 1, 10000,
             "Outputs that are compared with the host's");
  AddSize(command, "--sram-limit", flags->sram_bytes,
          "SRAM for the network instead of the board's");
  command.add_flag("--patches", flags->patches, "Patches may be used to meet the limit");
  command.add_option("--title", flags->title, "Title for people (default: the file's name)")
      ->type_name("TEXT");
  command.add_flag("--wait,!--no-wait", flags->wait, "Wait for the result (default), or do not");
  AddInteger(command, "--patience", flags->patience_s, 0, 1000000,
             "Seconds that the coordinator may be away while waiting");
  command.add_flag("--layers", flags->layers, "Print each operator");
  AddRequestId(command, flags->request_id);
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunMeasure);
}

}  // namespace boardloop
