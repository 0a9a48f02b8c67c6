#include "worker/torch/trainer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/presets/check_training.h"
#include "worker/torch/channel_order.h"
#include "worker/torch/loss.h"
#include "worker/torch/network.h"
#include "worker/torch/optimizer.h"
#include "worker/torch/torch_errors.h"
#include "worker/torch/torch_parallel.h"

namespace boardloop {
namespace {

// Streams of random numbers, apart from each other.
constexpr uint64_t kOrderStream = 0x01, kAugmentationStream = 0x02;

uint64_t StreamSeed(uint64_t seed, uint64_t stream) { return seed ^ (stream << 56); }

constexpr int64_t kNoBadStep = std::numeric_limits<int64_t>::max();

int64_t MicroBatchSize(const v1::TrainingSpec& training) {
  return training.micro_batch_size() > 0 ? training.micro_batch_size() : training.batch_size();
}

absl::StatusOr<Recipe> MakeRecipe(const v1::CheckpointHeader& header, int64_t steps_per_epoch) {
  if (header.subnet().empty()) {
    return Recipe::Create(header.supernet(), header.training(), steps_per_epoch);
  }
  BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(header.subnet()));
  return Recipe::CreateSingle(subnet, header.training(), steps_per_epoch);
}

absl::Status CheckBatches(const v1::TrainingSpec& training, const DeviceData& train,
                          const ProcessGroup& group) {
  if (train.size() < training.batch_size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the training split has %d images, batch_size is %d", train.size(), training.batch_size()));
  }
  const int64_t micro_batches = training.batch_size() / MicroBatchSize(training);
  if (micro_batches % group.size() != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a batch has %d micro-batches (batch_size %d, micro_batch_size %d), which %d processes "
        "cannot share evenly",
        micro_batches, training.batch_size(), MicroBatchSize(training), group.size()));
  }
  return absl::OkStatus();
}

}  // namespace

struct Trainer::MicroBatch {
  at::Tensor grad;  // Flat.
  Weights leaves;
  at::Tensor loss;
};

Trainer::Trainer(Recipe recipe, BatchOrder order, const DeviceData& train, const Options& options)
    : recipe_(std::move(recipe)),
      order_(std::move(order)),
      train_(train),
      options_(options),
      group_(options.group != nullptr ? options.group : &alone_) {}

Trainer::~Trainer() = default;

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const Checkpoint& start,
                                                         const DeviceData& train,
                                                         const Options& options) {
  const v1::TrainingSpec& training = start.header.training();
  BL_RETURN_IF_ERROR(CheckTraining(training, ""));
  SingleProcess alone;
  BL_RETURN_IF_ERROR(
      CheckBatches(training, train, options.group != nullptr ? *options.group : alone));
  BatchOrder order(train.size(), training.batch_size(), StreamSeed(training.seed(), kOrderStream));
  BL_ASSIGN_OR_RETURN(Recipe recipe, MakeRecipe(start.header, order.steps_per_epoch()));
  std::unique_ptr<Trainer> trainer(
      new Trainer(std::move(recipe), std::move(order), train, options));
  BL_RETURN_IF_ERROR(CatchTorchErrors([&] { return trainer->Begin(start); }));
  return trainer;
}

absl::Status Trainer::Begin(const Checkpoint& start) {
  header_ = start.header;
  BL_ASSIGN_OR_RETURN(largest_, BuildSubnet(header_.supernet().space(), recipe_.largest()));
  BL_RETURN_IF_ERROR(CheckFits(largest_, train_));
  LayoutOptions layout_options;
  layout_options.kernel_transforms = recipe_.needs_kernel_transforms();
  BL_ASSIGN_OR_RETURN(ParameterLayout layout, ParameterLayout::ForGraph(largest_, layout_options));
  layout_ = std::make_shared<const ParameterLayout>(std::move(layout));

  const at::Device& device = options_.device.device;
  if (start.weights.defined()) {
    if (start.weights.numel() != layout_->size() || start.header.steps() != recipe_.steps()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the checkpoint is of %d parameters and %d steps, this run of %d and %d",
          start.weights.numel(), start.header.steps(), layout_->size(), recipe_.steps()));
    }
    if (!start.momentum.defined()) {
      return absl::InvalidArgumentError("the checkpoint has no optimizer state to resume from");
    }
    step_ = start.header.step();
    weights_ = start.weights.to(device, /*non_blocking=*/false, /*copy=*/true);
    momentum_ = start.momentum.to(device, false, true);
    if (start.average.defined()) average_ = start.average.to(device, false, true);
    if (start.teacher.defined()) teacher_ = start.teacher.to(device, false, true);
  } else {
    weights_ = options_.initial_weights.defined()
                   ? options_.initial_weights.to(device, false, true)
                   : InitialWeights(*layout_, header_.training().seed()).to(device);
    momentum_ = at::zeros_like(weights_);
    if (header_.training().ema_decay() > 0) average_ = weights_.clone();
  }
  header_.set_steps(recipe_.steps());

  const v1::TrainingSpec& training = header_.training();
  const int64_t count = training.batch_size() / MicroBatchSize(training) / group_->size();
  for (int64_t i = 0; i < count; ++i) {
    MicroBatch micro_batch;
    micro_batch.grad = at::zeros_like(weights_);
    micro_batch.leaves = LeafWeights(layout_, weights_, micro_batch.grad);
    micro_batches_.push_back(std::move(micro_batch));
  }
  loss_sum_ = at::zeros({}, device);
  bad_step_ = at::full({}, kNoBadStep, at::TensorOptions().dtype(at::kLong).device(device));
  return absl::OkStatus();
}

void Trainer::Prepare(const StepPlan& plan) {
  if (plan.sort_channels) {
    std::vector<at::Tensor> others = {momentum_};
    if (average_.defined()) others.push_back(average_);
    SortChannels(largest_, ViewWeights(layout_, weights_), others);
  }
  if (plan.freeze_teacher) teacher_ = weights_.clone();
}

absl::StatusOr<std::vector<Graph>> Trainer::GraphsOf(const StepPlan& plan) const {
  std::vector<Graph> graphs;
  for (const Subnet& subnet : plan.subnets) {
    BL_ASSIGN_OR_RETURN(Graph graph, BuildSubnet(header_.supernet().space(), subnet));
    graphs.push_back(std::move(graph));
  }
  return graphs;
}

at::Tensor Trainer::TeacherLogits(const StepPlan& plan, const at::Tensor& images) const {
  at::NoGradGuard no_grad;
  if (options_.teacher) return options_.teacher(images);
  if (plan.teacher != Teacher::kFrozen) return at::Tensor();
  return ForwardTraining(largest_, ViewWeights(layout_, teacher_), images);
}

absl::Status Trainer::TrainMicroBatch(const StepPlan& plan, const std::vector<Graph>& graphs,
                                      absl::Span<const int64_t> samples, int64_t index,
                                      MicroBatch& micro_batch) {
  const v1::TrainingSpec& training = header_.training();
  const int64_t all = training.batch_size() / MicroBatchSize(training);
  const uint64_t seed = Random::ForItem(StreamSeed(training.seed(), kAugmentationStream),
                                        static_cast<uint64_t>(step_ * all + index))
                            .Next();
  DeviceData::Batch batch = train_.Augmented(samples, training.augmentation(), seed);
  batch.images = batch.images.to(options_.device.training_type);
  micro_batch.grad.zero_();
  micro_batch.loss = at::zeros({}, train_.device());
  at::Tensor teacher = TeacherLogits(plan, batch.images);
  const double share = 1.0 / static_cast<double>(graphs.size() * all);
  for (const Graph& graph : graphs) {
    const at::Tensor logits = ForwardTraining(graph, micro_batch.leaves, batch.images);
    at::Tensor loss;
    if (plan.teacher == Teacher::kLargest && teacher.defined()) {
      loss = DistillationLoss(logits, teacher);
    } else {
      loss = LabelLoss(logits, batch, training.label_smoothing());
      if (teacher.defined()) loss = loss + DistillationLoss(logits, teacher);
    }
    if (plan.teacher == Teacher::kLargest && !teacher.defined()) teacher = logits.detach();
    loss = loss * share;
    loss.backward();
    micro_batch.loss.add_(loss.detach());
  }
  return absl::OkStatus();
}

absl::Status Trainer::Step() {
  return CatchTorchErrors([&]() -> absl::Status {
    BL_ASSIGN_OR_RETURN(stopped_, AnyStopRequested());
    if (stopped_) return absl::OkStatus();
    const StepPlan plan = recipe_.At(step_);
    Prepare(plan);
    BL_ASSIGN_OR_RETURN(const std::vector<Graph> graphs, GraphsOf(plan));
    const absl::Span<const int64_t> samples = order_.Batch(step_);
    const auto count = static_cast<int64_t>(micro_batches_.size());
    const int64_t first = group_->rank() * count;
    const int64_t size = MicroBatchSize(header_.training());
    const int threads = train_.device().is_cpu() ? options_.threads : 1;
    BL_RETURN_IF_ERROR(ParallelTorch(count, threads, [&](int64_t i) {
      return TrainMicroBatch(plan, graphs, samples.subspan((first + i) * size, size), first + i,
                             micro_batches_[i]);
    }));
    at::NoGradGuard no_grad;
    at::Tensor grad = micro_batches_[0].grad;
    at::Tensor loss = micro_batches_[0].loss;
    for (int64_t i = 1; i < count; ++i) {
      grad.add_(micro_batches_[i].grad);
      loss.add_(micro_batches_[i].loss);
    }
    BL_RETURN_IF_ERROR(group_->Sum(grad));
    BL_RETURN_IF_ERROR(group_->Sum(loss));
    loss_sum_.add_(loss);
    ++losses_;
    const at::Tensor here = at::full_like(bad_step_, step_);
    bad_step_ = at::where(loss.isfinite(), bad_step_, at::minimum(bad_step_, here));
    if (train_.device().is_cpu() || step_ % kLossInterval == 0) BL_RETURN_IF_ERROR(CheckLoss());

    const v1::TrainingSpec& training = header_.training();
    NesterovStep(layout_->decayed(), weights_, grad, momentum_, plan.rate, training.momentum(),
                 training.weight_decay());
    if (average_.defined()) UpdateAverage(average_, weights_, training.ema_decay(), step_);
    ++step_;
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> Trainer::AnyStopRequested() {
  if (group_->size() == 1) return stop_requested_;
  if (!train_.device().is_cpu() && step_ % kLossInterval != 0)
    return false;  // Reading it stalls a GPU.
  at::Tensor requests = at::full({1}, stop_requested_ ? 1.0 : 0.0, weights_.options());
  BL_RETURN_IF_ERROR(group_->Sum(requests));
  return requests.item<double>() > 0;
}

absl::Status Trainer::CheckLoss() {
  const auto bad = bad_step_.item<int64_t>();
  if (bad == kNoBadStep) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrFormat(
      "the loss is not finite at step %d of %d (phase %s, learning rate %.4g): a lower peak_rate "
      "or a longer warm-up may help",
      bad, steps(), recipe_.PhaseName(bad), recipe_.At(bad).rate));
}

absl::StatusOr<double> Trainer::TakeLoss() {
  BL_RETURN_IF_ERROR(CheckLoss());
  const double loss = losses_ > 0 ? loss_sum_.item<double>() / static_cast<double>(losses_) : 0;
  loss_sum_.zero_();
  losses_ = 0;
  return loss;
}

absl::StatusOr<Checkpoint> Trainer::Snapshot() {
  BL_RETURN_IF_ERROR(CheckLoss());
  if (!weights_.isfinite().all().item<bool>()) {
    return absl::OutOfRangeError(
        absl::StrFormat("a weight is not finite before step %d of %d", step_, steps()));
  }
  Checkpoint checkpoint;
  checkpoint.header = header_;
  checkpoint.header.set_step(step_);
  checkpoint.weights = weights_.to(at::kCPU, false, /*copy=*/true);
  checkpoint.momentum = momentum_.to(at::kCPU, false, true);
  if (average_.defined()) checkpoint.average = average_.to(at::kCPU, false, true);
  // After the last step nobody learns from it any more.
  if (teacher_.defined() && !done()) checkpoint.teacher = teacher_.to(at::kCPU, false, true);
  return checkpoint;
}

Weights Trainer::ScoredWeights() const {
  return ViewWeights(layout_, average_.defined() ? average_ : weights_);
}

}  // namespace boardloop
