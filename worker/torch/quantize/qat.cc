#include "worker/torch/quantize/qat.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "worker/torch/loss.h"
#include "worker/torch/optimizer.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/quantize/simulate.h"
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
        order_(train.size(), options.batch_size, options.seed ^ (kOrderStream << 56)) {
    LimitFilters();
  }

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

  // The network that the weights are quantized to, and how their gradients follow from those of its integers.
  struct Simulation {
    SimulatedNetwork network;
    std::vector<at::Tensor> filter_steps, bias_steps;  // By operator: one integer step, broadcast.
  };

  absl::StatusOr<Simulation> Simulate() const {
    BL_ASSIGN_OR_RETURN(const Model model, QuantizeModel(graph_, weights_.views, activations_));
    SimulatedNetwork::Options options;
    options.device = train_.device();
    BL_ASSIGN_OR_RETURN(SimulatedNetwork network, SimulatedNetwork::Create(model, options));
    Simulation simulation{std::move(network), {}, {}};
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const Op& op = graph_.ops[i];
      at::Tensor filter_step, bias_step;
      if (weights_.views[i].filter.defined()) {
        const std::vector<float>& scales = model.weights[i].filter_scales;
        const at::Tensor step = at::tensor(scales).to(train_.device());
        std::vector<int64_t> shape(weights_.views[i].filter.dim(), 1);
        (op.kind == OpKind::kDepthwiseConv2d ? shape.back() : shape.front()) = -1;
        filter_step = step.view(shape);
        bias_step = step * activations_[op.inputs[0]].scale;
      }
      simulation.filter_steps.push_back(filter_step);
      simulation.bias_steps.push_back(bias_step);
    }
    return simulation;
  }

  // Beyond what the largest scale can say a weight has no effect, and would have far to come back.
  void LimitFilters() {
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      if (!weights_.views[i].filter.defined()) continue;
      const double most = 127.0 * MostFilterScale(graph_.ops[i], activations_);
      weights_.views[i].filter.clamp_(-most, most);
    }
  }

  absl::StatusOr<double> Step(int64_t step, double rate) {
    BL_ASSIGN_OR_RETURN(const Simulation simulation, Simulate());
    const absl::Span<const int64_t> samples = order_.Batch(step);
    const int64_t size = options_.micro_batch_size;
    const int64_t count = options_.batch_size / size;
    std::vector<MicroBatch> parts(static_cast<size_t>(count));
    const int threads = train_.device().is_cpu() ? options_.threads : 1;
    BL_RETURN_IF_ERROR(ParallelTorch(count, threads, [&](int64_t i) {
      return RunMicroBatch(simulation, samples.subspan(i * size, size), step * count + i, parts[i]);
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
    LimitFilters();
    return loss / static_cast<double>(count);
  }

  // Leaves that share the values of the simulated network's weights.
  static std::vector<IntegerWeights> Leaves(const SimulatedNetwork& network) {
    std::vector<IntegerWeights> leaves(network.weights().size());
    for (size_t i = 0; i < leaves.size(); ++i) {
      const IntegerWeights& weights = network.weights()[i];
      if (!weights.filter.defined()) continue;
      leaves[i].filter = weights.filter.detach().requires_grad_(true);
      leaves[i].bias = weights.bias.detach().requires_grad_(true);
    }
    return leaves;
  }

  // Flat, of the real weights. An integer is the rounded real one divided by its step; rounding is passed over
  // (straight-through), and the step counts as a constant.
  at::Tensor RealGradients(const Simulation& simulation,
                           const std::vector<IntegerWeights>& leaves) const {
    at::NoGradGuard no_grad;
    at::Tensor flat = at::zeros_like(weights_.flat);
    const FoldedWeights grads = ViewsOf(weights_.views, flat);
    for (size_t i = 0; i < leaves.size(); ++i) {
      if (!leaves[i].filter.defined()) continue;
      grads[i].filter.copy_(leaves[i].filter.grad() / simulation.filter_steps[i]);
      grads[i].bias.copy_(leaves[i].bias.grad() / simulation.bias_steps[i]);
    }
    return flat;
  }

  absl::Status RunMicroBatch(const Simulation& simulation, absl::Span<const int64_t> samples,
                             int64_t index, MicroBatch& part) const {
    const uint64_t seed =
        Random::ForItem(options_.seed ^ (kAugmentationStream << 56), static_cast<uint64_t>(index))
            .Next();
    const DeviceData::Batch batch = train_.Augmented(samples, options_.augmentation, seed);
    at::Tensor teacher;
    if (options_.teacher) {
      at::NoGradGuard no_grad;
      teacher = options_.teacher(batch.images);
    }
    const std::vector<IntegerWeights> leaves = Leaves(simulation.network);
    const at::Tensor logits = simulation.network.Forward(batch.images, leaves);
    at::Tensor loss = LabelLoss(logits, batch, options_.label_smoothing);
    if (teacher.defined()) loss = loss + DistillationLoss(logits, teacher);
    loss.backward();
    part.grad = RealGradients(simulation, leaves);
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
