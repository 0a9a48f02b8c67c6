#include "worker/training.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "google/protobuf/util/message_differencer.h"
#include "worker/stop_signal.h"
#include "worker/torch/c10d_group.h"
#include "worker/training_report.h"

namespace boardloop {
namespace {

absl::StatusOr<Checkpoint> StartingPoint(const v1::CheckpointHeader& header,
                                         const RunFlags& flags) {
  Checkpoint fresh;
  fresh.header = header;
  std::error_code ignored;
  if (flags.out.empty() || flags.fresh || !std::filesystem::exists(flags.out, ignored)) {
    return fresh;
  }
  BL_ASSIGN_OR_RETURN(Checkpoint found, ReadCheckpoint(flags.out));
  if (SameRun(found.header, header)) return found;
  return absl::FailedPreconditionError(absl::StrCat(
      flags.out,
      " is the checkpoint of another run (another space, data set or training); --fresh ",
      "overwrites it"));
}

// Reports of a run: a line each on standard error, and on a file.
class Reporter {
 public:
  explicit Reporter(const RunFlags& flags) : quiet_(flags.quiet) {
    if (!flags.log.empty()) log_.open(flags.log, std::ios::app);
  }
  bool good() const { return log_.good(); }

  void Show(const TrainReport& report) {
    if (!quiet_) std::fprintf(stderr, "%s\n", ReportLine(report).c_str());
    if (log_.is_open()) log_ << ReportJson(report).dump() << std::endl;
  }

 private:
  bool quiet_;
  std::ofstream log_;
};

std::string ResultText(const Checkpoint& end, const TrainReport& report, const RunFlags& flags) {
  std::string text =
      absl::StrFormat("validation top-1 of %d images after %.0f s of training: largest %.4f",
                      report.accuracy->images, report.seconds, report.accuracy->largest);
  if (!end.header.subnet().empty()) {
    text = absl::StrFormat("validation top-1 of %d images after %.0f s of training: %.4f",
                           report.accuracy->images, report.seconds, report.accuracy->largest);
  } else if (report.accuracy->smallest) {
    absl::StrAppendFormat(&text, ", smallest %.4f", *report.accuracy->smallest);
  }
  if (!flags.out.empty()) absl::StrAppend(&text, "\n", flags.out);
  return text + "\n";
}

absl::Status ReportEnd(const Checkpoint& start, const TrainReport& report, const RunFlags& flags) {
  if (!flags.json) return WriteResults(ResultText(start, report, flags));
  nlohmann::ordered_json json = ReportJson(report);
  json["checkpoint"] = flags.out;
  return WriteResults(JsonText(json));
}

}  // namespace

bool SameRun(const v1::CheckpointHeader& a, const v1::CheckpointHeader& b) {
  using google::protobuf::util::MessageDifferencer;
  return MessageDifferencer::Equals(a.supernet(), b.supernet()) && a.subnet() == b.subnet() &&
         MessageDifferencer::Equals(a.training(), b.training()) &&
         a.train_samples() == b.train_samples() && a.dataset().path() == b.dataset().path() &&
         a.dataset().split_seed() == b.dataset().split_seed();
}

// Before minutes of training; empty: none.
std::string FolderProblem(const std::string& out) {
  const std::filesystem::path folder = std::filesystem::absolute(out).parent_path();
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return "";
  return absl::StrFormat("%s is no folder", folder.string());
}

void AddRunFlags(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--out", flags.out,
                  "Checkpoint of the run, written as it goes; the same command continues it")
      ->type_name("FILE.blc")
      ->check(FolderProblem)
      ->required();
  command.add_flag("--fresh", flags.fresh, "Begin anew where there is a checkpoint already");
  command.add_option("--log", flags.log, "Append each report as a line of JSON")->type_name("FILE");
  AddNumber(command, "--checkpoint-seconds", flags.checkpoint_seconds, 0, 86400,
            "A checkpoint every so often");
  AddNumber(command, "--accuracy-seconds", flags.accuracy_seconds, 0, 86400,
            "A look at the accuracy every so often, on 2,000 validation images");
  command.add_flag("--quiet", flags.quiet, "No reports on standard error");
  AddJson(command, flags.json);
}

absl::Status TrainAndReport(const v1::CheckpointHeader& header, const TrainingData& data,
                            const Heritage& heritage, const RunFlags& flags,
                            const DeviceFlags& device_flags) {
  BL_ASSIGN_OR_RETURN(const Checkpoint start, StartingPoint(header, flags));
  BL_ASSIGN_OR_RETURN(const int local_rank, LocalRank());
  BL_ASSIGN_OR_RETURN(const ComputeDevice device, DeviceFromFlags(device_flags, local_rank));
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<ProcessGroup> group, JoinProcessGroup(device.device));
  const DeviceData train(data.train, device.device);
  const DeviceData validation(data.validation, device.device);

  Trainer::Options options;
  options.device = device;
  options.threads = device_flags.threads;
  options.group = group.get();
  options.teacher = heritage.teacher;
  options.initial_weights = heritage.initial_weights;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                      Trainer::Create(start, train, options));

  Reporter reporter(flags);
  TrainRunOptions run;
  run.checkpoint_path = flags.out;
  run.checkpoint_interval = absl::Seconds(flags.checkpoint_seconds);
  run.accuracy_interval = absl::Seconds(flags.accuracy_seconds);
  run.score.threads = device_flags.threads;
  run.report = [&](const TrainReport& report) { reporter.Show(report); };
  run.cancelled = StopRequested;
  CatchStopSignals();
  BL_ASSIGN_OR_RETURN(const TrainReport report, RunTraining(*trainer, train, validation, run));
  return trainer->leads() ? ReportEnd(start, report, flags) : absl::OkStatus();
}

}  // namespace boardloop
