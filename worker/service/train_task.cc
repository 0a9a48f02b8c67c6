#include "worker/service/train_task.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/hash.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/presets/check_training.h"
#include "worker/flags.h"
#include "worker/service/checkpoint_uploader.h"
#include "worker/torch/train_run.h"
#include "worker/torch/trainer.h"
#include "worker/training.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeptCheckpoints = 4;  // Of other runs: one that was lost may come back.

// What the coordinator is told, from the thread that trains and from the one that uploads.
class ProgressReport {
 public:
  explicit ProgressReport(const TaskContext& context) : context_(context) {}

  void Show(const TrainReport& report) {
    MutexLock lock(mu_);
    progress_.set_fraction(static_cast<double>(report.step) / static_cast<double>(report.steps));
    progress_.set_seconds_left(report.seconds_left);
    progress_.set_step(report.step);
    progress_.set_steps(report.steps);
    progress_.set_images_per_second(report.images_per_second);
    progress_.set_text(absl::StrFormat("%s, loss %.4f", report.phase, report.loss));
    if (report.accuracy) {
      progress_.set_top1_largest(report.accuracy->largest);
      progress_.set_top1_smallest(report.accuracy->smallest.value_or(report.accuracy->largest));
    }
    context_.report(progress_);
  }

  void ShowCheckpoint(const std::string& name) {
    MutexLock lock(mu_);
    progress_.set_checkpoint(name);
    context_.report(progress_);
  }

 private:
  const TaskContext& context_;
  Mutex mu_;  // Held across the report: a later one must not be overtaken.
  v1::TaskProgress progress_ ABSL_GUARDED_BY(mu_);
};

// Removes the oldest checkpoints of other runs.
void MakeRoom(const std::string& folder, const std::string& own) {
  std::vector<std::pair<fs::file_time_type, fs::path>> others;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().string() != own) others.emplace_back(entry->last_write_time(ignored), *entry);
  }
  std::sort(others.rbegin(), others.rend());
  for (size_t i = kKeptCheckpoints; i < others.size(); ++i) {
    std::error_code ignored;
    fs::remove(others[i].second, ignored);
  }
}

absl::StatusOr<std::string> LocalPath(const v1::TrainTask& task, const TrainTaskOptions& options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(options.folder, ": ", error.message()));
  }
  const Hash128 run = HashBytes(absl::StrCat(options.task, "\n", task.SerializeAsString()));
  std::string path = absl::StrCat(options.folder, "/", run.Hex(), ".blc");
  MakeRoom(options.folder, path);
  return path;
}

absl::StatusOr<v1::CheckpointHeader> HeaderOf(const v1::TrainTask& task, const LoadedData& data) {
  v1::CheckpointHeader header;
  *header.mutable_supernet() = task.supernet();
  *header.mutable_training() = task.training();
  *header.mutable_dataset() = data.spec;
  const std::vector<std::string>& classes = data.validation_samples.classes;
  BL_RETURN_IF_ERROR(FitSupernet(data.spec, classes.size(), data.train.shape().channels,
                                 *header.mutable_supernet()));
  for (const std::string& name : classes) header.add_classes(name);
  header.set_train_samples(data.train.size());
  return header;
}

// Why a run does not go on from `found`; OK if it does.
absl::Status CheckResumable(const Checkpoint& found, const v1::CheckpointHeader& header) {
  if (!SameRun(found.header, header)) return absl::FailedPreconditionError("it is of another run");
  if (found.momentum.defined()) return absl::OkStatus();
  return absl::FailedPreconditionError("it has no optimizer state");
}

class StartingPoint {
 public:
  StartingPoint(const v1::CheckpointHeader& header, const TaskContext& context)
      : header_(header), context_(context) {
    start_.header = header;
  }

  // Takes `found`, which is called `name`, if it is of this run and further than what there is.
  void Offer(absl::StatusOr<Checkpoint> found, const std::string& name) {
    const absl::Status status = found.ok() ? CheckResumable(*found, header_) : found.status();
    if (!status.ok()) {
      context_.log(absl::StrCat(name, " is not gone on from: ", std::string(status.message())));
    } else if (!found_ || found->header.step() > start_.header.step()) {
      start_ = *std::move(found);
      found_ = true;
    }
  }

  bool found() const { return found_; }
  Checkpoint Take() { return std::move(start_); }

 private:
  const v1::CheckpointHeader& header_;
  const TaskContext& context_;
  Checkpoint start_;
  bool found_ = false;
};

absl::StatusOr<Checkpoint> FindStart(const v1::CheckpointHeader& header, const std::string& local,
                                     const std::string& earlier, const TaskContext& context) {
  StartingPoint start(header, context);
  std::error_code ignored;
  if (fs::exists(local, ignored)) start.Offer(ReadCheckpoint(local), local);
  if (!earlier.empty()) {
    const absl::StatusOr<std::string> bytes = context.read(earlier);
    if (bytes.ok()) {
      start.Offer(ParseCheckpoint(*bytes, earlier), earlier);
    } else if (absl::IsCancelled(bytes.status()) ||
               (!start.found() && absl::IsUnavailable(bytes.status()))) {
      return bytes.status();
    } else {
      start.Offer(bytes.status(), earlier);
    }
  }
  return start.Take();
}

// What is kept of a finished run: what is scored. Nothing in it depends on how long it took, or where.
Checkpoint Result(const Checkpoint& end) {
  Checkpoint result;
  result.header = end.header;
  result.header.clear_seconds();
  result.weights = end.scored();
  return result;
}

TrainRunOptions RunOptions(const TrainTaskOptions& options, const std::string& path,
                           const WorkerCache& cache) {
  TrainRunOptions run;
  run.checkpoint_path = path;
  run.checkpoint_interval = options.checkpoint_interval;
  run.report_interval = options.report_interval;
  run.accuracy_interval = options.accuracy_interval;
  run.score.threads = cache.threads();
  return run;
}

v1::TrainOutput OutputOf(const TrainReport& report, const v1::CheckpointHeader& header) {
  v1::TrainOutput output;
  output.set_top1_largest(report.accuracy->largest);
  output.set_top1_smallest(report.accuracy->smallest.value_or(report.accuracy->largest));
  output.set_images_per_second(report.images_per_second);
  for (const std::string& name : header.classes()) output.add_classes(Printable(name));
  return output;
}

}  // namespace

absl::StatusOr<v1::TrainOutput> RunTrainTask(const v1::TrainTask& task,
                                             const TrainTaskOptions& options, WorkerCache& cache,
                                             const TaskContext& context) {
  if (context.cancelled()) return absl::CancelledError("stopped");
  BL_RETURN_IF_ERROR(CheckTraining(task.training(), ""));
  BL_ASSIGN_OR_RETURN(const LoadedData* data,
                      cache.LoadData(task.dataset(), task.supernet(), context));
  BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header, HeaderOf(task, *data));
  BL_RETURN_IF_ERROR(ValidateSupernet(header.supernet()));
  BL_ASSIGN_OR_RETURN(const std::string path, LocalPath(task, options));
  BL_ASSIGN_OR_RETURN(const Checkpoint start, FindStart(header, path, options.checkpoint, context));
  Trainer::Options trainer_options;
  trainer_options.device = cache.device();
  trainer_options.threads = cache.threads();
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                      Trainer::Create(start, data->train, trainer_options));

  ProgressReport progress(context);
  int64_t counted_step = trainer->step();
  CheckpointUploader uploader(
      path, {context.write, [&](const std::string& name) { progress.ShowCheckpoint(name); },
             context.log});
  TrainRunOptions run = RunOptions(options, path, cache);
  run.report = [&](const TrainReport& report) {
    progress.Show(report);
    context.count_images((report.step - counted_step) * header.training().batch_size());
    counted_step = report.step;
  };
  run.checkpoint_written = [&] { uploader.FileWritten(); };
  run.cancelled = context.cancelled;
  const absl::StatusOr<TrainReport> report =
      RunTraining(*trainer, data->train, data->validation, run);
  if (absl::IsCancelled(report.status()) && !context.abandoned()) {
    // Failing to is logged; whoever takes over then begins with an older one.
    uploader.Flush().IgnoreError();
  }
  if (!report.ok()) return report.status();

  BL_ASSIGN_OR_RETURN(Checkpoint end, trainer->Snapshot());
  v1::TrainOutput output = OutputOf(*report, header);
  BL_ASSIGN_OR_RETURN(*output.mutable_supernet(), context.write(SerializeCheckpoint(Result(end))));
  return output;
}

}  // namespace boardloop
