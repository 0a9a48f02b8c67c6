#include "worker/torch/quantize/qat.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/quant/interpreter.h"
#include "worker/torch/loss.h"
#include "worker/torch/optimizer.h"
#include "worker/torch/quantize/exact_forward.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/torch_errors.h"
#include "worker/torch/torch_parallel.h"

namespace boardloop {
namespace {

constexpr uint64_t kOrderStream = 0x11, kAugmentationStream = 0x12;

// Filters and biases as one flat tensor, and views of it.
struct FlatWeights {
  at::Tensor flat;
  FoldedWeights views;
};

FoldedWeights ViewsOf(const FoldedWeights& like, const at::Tensor& flat) {
  FoldedWeights views(like.size());
  int64_t offset = 0;
  const auto view = [&](const at::Tensor& of) {
    at::Tensor part = flat.narrow(0, offset, of.numel()).view(of.sizes());
    offset += of.numel();
    return part;
  };
  for (size_t i = 0; i < like.size(); ++i) {
    if (!like[i].filter.defined()) continue;
    views[i].filter = view(like[i].filter);
    views[i].bias = view(like[i].bias);
  }
  return views;
}

FlatWeights Flatten(const FoldedWeights& folded) {
  int64_t size = 0;
  for (const FoldedOp& op : folded) {
    if (op.filter.defined()) size += op.filter.numel() + op.bias.numel();
  }
  FlatWeights weights;
  weights.flat = at::empty({size}, at::kFloat);
  weights.views = ViewsOf(folded, weights.flat);
  for (size_t i = 0; i < folded.size(); ++i) {
    if (!folded[i].filter.defined()) continue;
    weights.views[i].filter.copy_(folded[i].filter);
    weights.views[i].bias.copy_(folded[i].bias);
  }
  return weights;
}

class QatRun {
 public:
  QatRun(const Graph& graph, FoldedWeights& folded, const std::vector<Quantization>& activations,
         const DeviceData& train, const QatOptions& options)
      : graph_(graph),
        folded_(folded),
        activations_(activations),
        train_(train),
        options_(options),
        weights_(Flatten(folded)),
        momentum_(at::zeros_like(weights_.flat)),
        order_(train.size(), options.batch_size, options.seed ^ (kOrderStream << 56)) {}

  absl::StatusOr<Model> Run() {
    const int64_t steps = std::max<int64_t>(
        1, std::llround(options_.epochs * static_cast<double>(order_.steps_per_epoch())));
    for (int64_t step = 0; step < steps; ++step) {
      if (options_.cancelled && options_.cancelled()) return absl::CancelledError("stopped");
      const double rate =
          options_.peak_rate * 0.5 *
          (1 + std::cos(M_PI * static_cast<double>(step) / static_cast<double>(steps)));
      BL_ASSIGN_OR_RETURN(const double loss, Step(step, rate));
      if (options_.progress) options_.progress(step + 1, steps, loss);
    }
    for (size_t i = 0; i < folded_.size(); ++i) {
      if (!folded_[i].filter.defined()) continue;
      folded_[i] = {weights_.views[i].filter.clone(), weights_.views[i].bias.clone()};
    }
    return QuantizeModel(graph_, folded_, activations_);
  }

 private:
  struct MicroBatch {
    at::Tensor grad;
    double loss = 0;
  };

  absl::StatusOr<double> Step(int64_t step, double rate) {
    BL_ASSIGN_OR_RETURN(const Model model, QuantizeModel(graph_, weights_.views, activations_));
    const absl::Span<const int64_t> samples = order_.Batch(step);
    const int64_t size = options_.micro_batch_size;
    const int64_t count = options_.batch_size / size;
    std::vector<MicroBatch> parts(static_cast<size_t>(count));
    BL_RETURN_IF_ERROR(ParallelTorch(count, options_.threads, [&](int64_t i) {
      return RunMicroBatch(model, samples.subspan(i * size, size), step * count + i, parts[i]);
    }));
    at::NoGradGuard no_grad;
    double loss = parts[0].loss;
    for (int64_t i = 1; i < count; ++i) {
      parts[0].grad.add_(parts[i].grad);
      loss += parts[i].loss;
    }
    if (!std::isfinite(loss)) {
      return absl::OutOfRangeError(absl::StrFormat(
          "the loss is not finite at step %d of quantization-aware training (learning rate %.4g)",
          step, rate));
    }
    parts[0].grad.div_(static_cast<double>(count));
    NesterovStep(/*decayed=*/0, weights_.flat, parts[0].grad, momentum_, rate, options_.momentum,
                 /*weight_decay=*/0);
    return loss / static_cast<double>(count);
  }

  // Leaves whose values are the dequantized weights and whose gradients are those of the real ones.
  FoldedWeights Leaves(const Model& model, const at::Tensor& flat_grad) const {
    const FoldedWeights grads = ViewsOf(weights_.views, flat_grad);
    FoldedWeights leaves(graph_.ops.size());
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      if (!weights_.views[i].filter.defined()) continue;
      leaves[i] = Dequantize(model, i, weights_.views[i]);
      for (auto [leaf, grad] : {std::pair(&leaves[i].filter, &grads[i].filter),
                                std::pair(&leaves[i].bias, &grads[i].bias)}) {
        *leaf = leaf->to(train_.device());
        leaf->set_requires_grad(true);
        leaf->mutable_grad() = *grad;
      }
    }
    return leaves;
  }

  absl::Status RunMicroBatch(const Model& model, absl::Span<const int64_t> samples, int64_t index,
                             MicroBatch& part) const {
    const uint64_t seed =
        Random::ForItem(options_.seed ^ (kAugmentationStream << 56), static_cast<uint64_t>(index))
            .Next();
    const DeviceData::Batch batch = train_.Augmented(samples, options_.augmentation, seed);
    BL_ASSIGN_OR_RETURN(Interpreter interpreter, Interpreter::Create(model));
    BL_ASSIGN_OR_RETURN(const std::vector<at::Tensor> exact,
                        ExactOutputs(model, interpreter, batch.images));
    at::Tensor grad = at::zeros_like(weights_.flat, train_.device());
    const FoldedWeights leaves = Leaves(model, grad);
    const at::Tensor logits = ForwardStraightThrough(model, leaves, batch.images, exact);
    at::Tensor loss = LabelLoss(logits, batch, options_.label_smoothing);
    if (options_.teacher) {
      at::NoGradGuard no_grad;
      const at::Tensor teacher = options_.teacher(batch.images);
      at::AutoGradMode with_grad(true);
      loss = loss + DistillationLoss(logits, teacher);
    }
    loss.backward();
    part.grad = grad.to(at::kCPU);
    part.loss = loss.item<double>();
    return absl::OkStatus();
  }

  const Graph& graph_;
  FoldedWeights& folded_;
  const std::vector<Quantization>& activations_;
  const DeviceData& train_;
  const QatOptions& options_;
  FlatWeights weights_;
  at::Tensor momentum_;
  BatchOrder order_;
};

absl::Status CheckOptions(const QatOptions& options, const DeviceData& train) {
  if (!(options.epochs > 0) || options.batch_size < 1 || options.micro_batch_size < 1 ||
      options.batch_size % options.micro_batch_size != 0 || !(options.peak_rate > 0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "quantization-aware training needs epochs (%g) and a learning rate (%g) above 0, and a "
        "batch (%d) that is a multiple of the micro-batch (%d)",
        options.epochs, options.peak_rate, options.batch_size, options.micro_batch_size));
  }
  if (train.size() >= options.batch_size) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the training split has %d images, a batch has %d", train.size(), options.batch_size));
}

}  // namespace

absl::StatusOr<Model> TrainQuantized(const Graph& graph, FoldedWeights& folded,
                                     const std::vector<Quantization>& activations,
                                     const DeviceData& train, const QatOptions& options) {
  BL_RETURN_IF_ERROR(CheckOptions(options, train));
  Model model;
  BL_RETURN_IF_ERROR(CatchTorchErrors([&]() -> absl::Status {
    BL_ASSIGN_OR_RETURN(model, QatRun(graph, folded, activations, train, options).Run());
    return absl::OkStatus();
  }));
  return model;
}

}  // namespace boardloop
