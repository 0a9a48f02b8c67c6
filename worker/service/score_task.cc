#include "worker/service/score_task.h"

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "worker/torch/score.h"
#include "worker/torch/torch_errors.h"
#include "worker/torch/torch_parallel.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxImages = 1'000'000;  // As ScoringSpec says.

absl::StatusOr<ScoreOptions> OptionsOf(const v1::ScoreTask& task) {
  ScoreOptions options;
  const v1::ScoringSpec& scoring = task.scoring();
  for (const int64_t images : {scoring.images(), scoring.calibration_images()}) {
    if (images >= 0 && images <= kMaxImages) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("a number of images is %d, must be in [0, %d]", images, kMaxImages));
  }
  options.images = scoring.images();
  options.calibration.seed = task.seed();
  if (scoring.calibration_images() > 0) options.calibration.images = scoring.calibration_images();
  return options;
}

absl::StatusOr<v1::ScoreOutput> ScoreOneTask(const v1::ScoreTask& task,
                                             const LoadedSupernet& supernet) {
  BL_ASSIGN_OR_RETURN(const ScoreOptions options, OptionsOf(task));
  BL_ASSIGN_OR_RETURN(const Subnet subnet, SubnetOf(supernet.loaded, task.subnet()));
  BL_ASSIGN_OR_RETURN(const Score score,
                      ScoreSubnet(supernet.loaded.space(), supernet.loaded.weights, subnet,
                                  supernet.data.train, supernet.data.validation, options));
  v1::ScoreOutput output;
  output.set_top1(score.top1);
  output.set_correct(score.correct);
  output.set_images(score.images);
  output.set_loss(score.loss);
  return output;
}

void Answer(const ScoreWork& work, const LoadedSupernet& supernet) {
  const absl::Time begin = absl::Now();
  absl::StatusOr<v1::ScoreOutput> output = absl::InternalError("not scored");
  const absl::Status caught = CatchTorchErrors([&] {
    output = ScoreOneTask(work.task, supernet);
    return absl::OkStatus();
  });
  if (!caught.ok()) output = caught;
  work.done(output, absl::ToDoubleSeconds(absl::Now() - begin));
}

}  // namespace

absl::Status ScoreTasks(const std::string& supernet,
                        const std::function<std::optional<ScoreWork>()>& next, WorkerCache& cache,
                        const TaskContext& context) {
  BL_ASSIGN_OR_RETURN(const LoadedSupernet loaded, cache.LoadSupernet(supernet, context));
  const int threads = cache.device().device.is_cpu() ? cache.threads() : 1;
  return ParallelTorch(threads, threads, [&](int64_t /*thread*/) -> absl::Status {
    while (!context.cancelled()) {
      const std::optional<ScoreWork> work = next();
      if (!work.has_value()) return absl::OkStatus();
      Answer(*work, loaded);
    }
    return absl::CancelledError("stopped");
  });
}

}  // namespace boardloop
