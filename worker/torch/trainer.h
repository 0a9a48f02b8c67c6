// Trains a super-network, or one network, step by step.
//
// A step's batch is made of micro-batches: images that share batch-norm statistics. Threads (on a CPU) and
// processes divide a step by micro-batches and the gradients are added up in their order.
//
// Invariants:
//   (1) State after a step is a function of the header's specs, the data and the number of the step: not of threads,
//       and up to the rounding of a sum not of processes. A run that resumes from a Snapshot ends, on a CPU, with
//       the same bits as one that was never stopped.
//   (2) After an error the weights are as before the step, or not finite; Snapshot then refuses.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "worker/torch/checkpoint.h"
#include "worker/torch/device_data.h"
#include "worker/torch/process_group.h"
#include "worker/torch/recipe.h"
#include "worker/torch/weights.h"

namespace boardloop {

class Trainer {
 public:
  struct Options {
    ComputeDevice device;
    int threads = 1;                // Micro-batches side by side, on a CPU.
    ProcessGroup* group = nullptr;  // Not owned; null: this process alone.
    // Recipe SINGLE: logits of a teacher for images, which the network learns from besides the
    // labels. May be empty. Called by several threads at once.
    std::function<at::Tensor(const at::Tensor& images)> teacher;
    // Recipe SINGLE: weights to begin from instead of random ones, flat, for the subnet's own layout.
    at::Tensor initial_weights;
  };

  // `start` has the specs in its header; with weights it is resumed, else a run begins. `train` is not
  // owned and must outlive the trainer.
  //
  // INVALID_ARGUMENT  specs that do not fit each other or the data; a data set smaller than a batch
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const Checkpoint& start,
                                                         const DeviceData& train,
                                                         const Options& options);
  ~Trainer();

  // One step of the recipe.
  //
  // OUT_OF_RANGE  the loss is not a number any more; the message has step, phase and learning rate. On a GPU,
  //               where looking at every loss would stall it, up to kLossInterval steps later.
  absl::Status Step();

  static constexpr int64_t kLossInterval = 50;

  // The next Step changes nothing, in any process of the group, once one of them has asked: all then are
  // stopped() before the same step.
  void RequestStop() { stop_requested_ = true; }
  bool stopped() const { return stopped_; }

  bool done() const { return step_ >= recipe_.steps(); }
  int64_t step() const { return step_; }  // The next one.
  int64_t steps() const { return recipe_.steps(); }
  int64_t steps_per_epoch() const { return order_.steps_per_epoch(); }
  const v1::CheckpointHeader& header() const { return header_; }
  bool leads() const { return group_->rank() == 0; }
  const std::string& phase() const { return recipe_.PhaseName(step_); }
  double rate() const { return recipe_.At(step_).rate; }
  // Mean loss over the steps since the last call; waits for the device.
  absl::StatusOr<double> TakeLoss();

  // OUT_OF_RANGE  a weight is not finite
  absl::StatusOr<Checkpoint> Snapshot();

  // What is scored: the moving average where there is one. Views; valid until the next Step.
  Weights ScoredWeights() const;

 private:
  struct MicroBatch;  // Gradients of one micro-batch, and the leaves that they belong to.
  Trainer(Recipe recipe, BatchOrder order, const DeviceData& train, const Options& options);
  absl::Status Begin(const Checkpoint& start);
  void Prepare(const StepPlan& plan);
  absl::StatusOr<std::vector<Graph>> GraphsOf(const StepPlan& plan) const;
  absl::Status TrainMicroBatch(const StepPlan& plan, const std::vector<Graph>& graphs,
                               absl::Span<const int64_t> samples, int64_t index,
                               MicroBatch& micro_batch);
  at::Tensor TeacherLogits(const StepPlan& plan, const at::Tensor& images) const;
  absl::Status CheckLoss();
  absl::StatusOr<bool> AnyStopRequested();

  v1::CheckpointHeader header_;
  Recipe recipe_;
  BatchOrder order_;
  const DeviceData& train_;
  Options options_;
  SingleProcess alone_;
  ProcessGroup* group_;
  Graph largest_;
  std::shared_ptr<const ParameterLayout> layout_;
  at::Tensor weights_, momentum_, average_, teacher_;  // Flat, on the device.
  std::vector<MicroBatch> micro_batches_;              // Of this process.
  int64_t step_ = 0;
  at::Tensor loss_sum_, bad_step_;  // On the device: reading them waits for it.
  int64_t losses_ = 0;
  bool stop_requested_ = false, stopped_ = false;
};

}  // namespace boardloop
