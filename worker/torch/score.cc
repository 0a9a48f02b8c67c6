#include "worker/torch/score.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "worker/torch/folded_pass.h"
#include "worker/torch/moments_pass.h"
#include "worker/torch/torch_parallel.h"

namespace boardloop {
namespace {

constexpr int64_t kEvaluationBatch =
    128;  // Feature maps of a small network then stay in the cache.

std::vector<int64_t> CalibrationSamples(int64_t samples, const CalibrationOptions& options) {
  Random random(options.seed);
  std::vector<int64_t> chosen(static_cast<size_t>(options.images));
  for (int64_t& sample : chosen) {
    sample = static_cast<int64_t>(random.Below(static_cast<uint64_t>(samples)));
  }
  return chosen;
}

void AddTo(std::vector<Moments>& sums, const std::vector<Moments>& moments) {
  for (size_t i = 0; i < moments.size(); ++i) {
    if (!moments[i].mean.defined()) continue;
    if (!sums[i].mean.defined()) {
      sums[i] = {moments[i].mean.clone(), moments[i].variance.clone()};
      continue;
    }
    sums[i].mean.add_(moments[i].mean);
    sums[i].variance.add_(moments[i].variance);
  }
}

}  // namespace

std::vector<Moments> CalibrateBatchNorm(const Graph& graph, const Weights& weights,
                                        const DeviceData& data, const CalibrationOptions& options) {
  at::NoGradGuard no_grad;
  const std::vector<int64_t> samples = CalibrationSamples(data.size(), options);
  std::optional<MomentsPass> pass;
  if (UsesKernels(data.device()))
    pass.emplace(graph, weights, std::min(options.batch_size, options.images));
  std::vector<Moments> sums(graph.ops.size()), moments;
  int64_t batches = 0;
  for (int64_t first = 0; first < options.images; first += options.batch_size) {
    const auto indices = absl::MakeConstSpan(samples).subspan(first, options.batch_size);
    const at::Tensor images = data.At(indices).images;
    if (pass.has_value()) {
      moments = pass->Run(images);
    } else {
      ForwardTraining(graph, weights, images, &moments);
    }
    AddTo(sums, moments);
    ++batches;
  }
  for (Moments& sum : sums) {
    if (!sum.mean.defined()) continue;
    sum.mean.div_(static_cast<double>(batches));
    sum.variance.div_(static_cast<double>(batches));
  }
  return sums;
}

Score Evaluate(const Graph& graph, const FoldedWeights& folded, const DeviceData& data,
               int64_t images) {
  at::NoGradGuard no_grad;
  std::optional<FoldedPass> pass;
  if (UsesKernels(data.device())) pass.emplace(graph, folded);
  Score score;
  score.images = images > 0 ? std::min(images, data.size()) : data.size();
  at::Tensor correct = at::zeros({}, at::TensorOptions().device(data.device()).dtype(at::kLong));
  at::Tensor loss = at::zeros({}, at::TensorOptions().device(data.device()).dtype(at::kDouble));
  for (int64_t first = 0; first < score.images; first += kEvaluationBatch) {
    const DeviceData::Batch batch =
        data.Range(first, std::min(kEvaluationBatch, score.images - first));
    const at::Tensor logits =
        pass.has_value() ? pass->Run(batch.images) : ForwardFolded(graph, folded, batch.images);
    correct.add_(logits.argmax(1).eq(batch.labels).sum());
    loss.sub_(at::log_softmax(logits, 1).gather(1, batch.labels.unsqueeze(1)).sum());
  }
  score.correct = correct.item<int64_t>();
  score.top1 = static_cast<double>(score.correct) / static_cast<double>(score.images);
  score.loss = loss.item<double>() / static_cast<double>(score.images);
  return score;
}

absl::StatusOr<Score> ScoreSubnet(const Space& space, const Weights& weights, const Subnet& subnet,
                                  const DeviceData& train, const DeviceData& validation,
                                  const ScoreOptions& options) {
  BL_RETURN_IF_ERROR(ValidateSubnet(space, subnet, /*any_gene=*/false));
  BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(space, subnet));
  BL_RETURN_IF_ERROR(CheckFits(graph, validation));
  at::NoGradGuard no_grad;  // A setting of each thread.
  const std::vector<Moments> moments =
      CalibrateBatchNorm(graph, weights, train, options.calibration);
  return Evaluate(graph, FoldBatchNorm(graph, weights, moments), validation, options.images);
}

absl::StatusOr<std::vector<Score>> ScoreSubnets(const Space& space, const Weights& weights,
                                                absl::Span<const Subnet> subnets,
                                                const DeviceData& train,
                                                const DeviceData& validation,
                                                const ScoreOptions& options) {
  std::vector<Score> scores(subnets.size());
  std::mutex mutex;
  int64_t done = 0;
  const auto score_one = [&](int64_t i) -> absl::Status {
    if (options.cancelled && options.cancelled()) return absl::CancelledError("stopped");
    absl::StatusOr<Score> score =
        ScoreSubnet(space, weights, subnets[i], train, validation, options);
    if (!score.ok()) return Annotate(score.status(), CanonicalText(subnets[i]));
    scores[i] = *score;
    if (options.progress) {
      std::lock_guard<std::mutex> lock(mutex);
      options.progress(++done, static_cast<int64_t>(subnets.size()));
    }
    return absl::OkStatus();
  };
  const int threads = train.device().is_cpu() ? options.threads : 1;
  BL_RETURN_IF_ERROR(ParallelTorch(static_cast<int64_t>(subnets.size()), threads, score_one));
  return scores;
}

}  // namespace boardloop
