#include "worker/torch/train_run.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "worker/torch/recipe.h"
#include "worker/torch/torch_errors.h"

namespace boardloop {
namespace {

constexpr uint64_t kAccuracySeed = 0xacc;  // The same random subnets in every report of every run.

class TrainRun {
 public:
  TrainRun(Trainer& trainer, const DeviceData& train, const DeviceData& validation,
           const TrainRunOptions& options)
      : trainer_(trainer),
        train_(train),
        validation_(validation),
        options_(options),
        begin_(absl::Now()),
        seconds_before_(trainer.header().seconds()),
        first_step_(trainer.step()),
        last_checkpoint_(begin_),
        last_report_(begin_),
        last_accuracy_(begin_) {}

  absl::StatusOr<TrainReport> Run() {
    while (!trainer_.done()) {
      if (options_.cancelled && options_.cancelled()) trainer_.RequestStop();
      BL_RETURN_IF_ERROR(trainer_.Step());
      if (trainer_.stopped()) return Stop();
      BL_RETURN_IF_ERROR(BetweenSteps());
    }
    // Written before the accuracy is taken: training is what must not be lost.
    BL_RETURN_IF_ERROR(WriteCheckpointNow());
    BL_ASSIGN_OR_RETURN(TrainReport report, MakeReport());
    if (leads()) {
      BL_ASSIGN_OR_RETURN(report.accuracy, TakeAccuracy(/*images=*/0));
      if (options_.report) options_.report(report);
    }
    return report;
  }

 private:
  bool leads() const { return trainer_.leads(); }

  absl::Status Stop() {
    BL_RETURN_IF_ERROR(WriteCheckpointNow());
    return absl::CancelledError(absl::StrFormat(
        "stopped before step %d of %d%s", trainer_.step(), trainer_.steps(),
        options_.checkpoint_path.empty() ? "" : "; the run can be resumed from its checkpoint"));
  }

  absl::Status BetweenSteps() {
    const absl::Time now = absl::Now();
    if (!leads() || trainer_.done()) return absl::OkStatus();
    if (now - last_checkpoint_ >= options_.checkpoint_interval) {
      BL_RETURN_IF_ERROR(WriteCheckpointNow());
      last_checkpoint_ = absl::Now();
    }
    if (now - last_report_ < options_.report_interval) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(TrainReport report, MakeReport());
    if (now - last_accuracy_ >= options_.accuracy_interval) {
      BL_ASSIGN_OR_RETURN(report.accuracy, TakeAccuracy(options_.accuracy_images));
      last_accuracy_ = absl::Now();
      aside_ += last_accuracy_ - now;
    }
    if (options_.report) options_.report(report);
    last_report_ = absl::Now();
    return absl::OkStatus();
  }

  // Of training alone, without looks at the accuracy.
  double Seconds() const { return absl::ToDoubleSeconds(absl::Now() - begin_ - aside_); }

  absl::Status WriteCheckpointNow() {
    if (options_.checkpoint_path.empty() || !leads()) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(Checkpoint checkpoint, trainer_.Snapshot());
    checkpoint.header.set_seconds(seconds_before_ + Seconds());
    BL_RETURN_IF_ERROR(WriteCheckpoint(options_.checkpoint_path, checkpoint));
    if (options_.checkpoint_written) options_.checkpoint_written();
    return absl::OkStatus();
  }

  absl::StatusOr<TrainReport> MakeReport() {
    TrainReport report;
    report.step = trainer_.step();
    report.steps = trainer_.steps();
    report.phase = trainer_.phase();
    report.rate = trainer_.done() ? 0 : trainer_.rate();
    BL_ASSIGN_OR_RETURN(report.loss, trainer_.TakeLoss());
    const double seconds = Seconds();
    const auto done = static_cast<double>(report.step - first_step_);
    report.seconds = seconds_before_ + seconds;
    if (done > 0 && seconds > 0) {
      report.images_per_second = done * trainer_.header().training().batch_size() / seconds;
      report.seconds_left = seconds / done * static_cast<double>(report.steps - report.step);
    }
    return report;
  }

  absl::StatusOr<Accuracy> TakeAccuracy(int64_t images) {
    const v1::CheckpointHeader& header = trainer_.header();
    std::vector<Subnet> subnets;
    const bool single = !header.subnet().empty();
    if (single) {
      BL_ASSIGN_OR_RETURN(Subnet subnet, ParseCanonicalText(header.subnet()));
      subnets = {std::move(subnet)};
    } else {
      subnets = {LargestOf(header.supernet()), SmallestOf(header.supernet())};
      Random random(kAccuracySeed);
      for (int i = 0; i < options_.random_subnets; ++i) {
        subnets.push_back(SampleOf(header.supernet(), random));
      }
    }
    ScoreOptions score = options_.score;
    score.images = images;
    BL_ASSIGN_OR_RETURN(const std::vector<Score> scores,
                        ScoreSubnets(header.supernet().space(), trainer_.ScoredWeights(), subnets,
                                     train_, validation_, score));
    Accuracy accuracy;
    accuracy.images = scores[0].images;
    accuracy.largest = scores[0].top1;
    if (!single) accuracy.smallest = scores[1].top1;
    for (size_t i = 2; i < scores.size(); ++i) accuracy.random.push_back(scores[i].top1);
    return accuracy;
  }

  Trainer& trainer_;
  const DeviceData& train_;
  const DeviceData& validation_;
  const TrainRunOptions& options_;
  const absl::Time begin_;
  const double seconds_before_;
  const int64_t first_step_;
  absl::Time last_checkpoint_, last_report_, last_accuracy_;
  absl::Duration aside_;
};

}  // namespace

absl::StatusOr<TrainReport> RunTraining(Trainer& trainer, const DeviceData& train,
                                        const DeviceData& validation,
                                        const TrainRunOptions& options) {
  TrainReport report;
  BL_RETURN_IF_ERROR(CatchTorchErrors([&]() -> absl::Status {
    BL_ASSIGN_OR_RETURN(report, TrainRun(trainer, train, validation, options).Run());
    return absl::OkStatus();
  }));
  return report;
}

}  // namespace boardloop
