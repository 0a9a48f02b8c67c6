#include "worker/torch/loss.h"

namespace boardloop {
namespace {

// With label smoothing: the share `smoothing` of each label is spread over all classes (Szegedy et al. 2016). Written out:
// LibTorch takes an optional tensor of weights, whose destructor clang's analyzer reports.
at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels, double smoothing) {
  const at::Tensor log_probabilities = at::log_softmax(logits, 1);
  const at::Tensor of_labels = log_probabilities.gather(1, labels.unsqueeze(1)).mean();
  if (smoothing == 0) return -of_labels;
  return of_labels * (smoothing - 1) - log_probabilities.mean() * smoothing;
}

}  // namespace

at::Tensor LabelLoss(const at::Tensor& logits, const DeviceData::Batch& batch,
                     double label_smoothing) {
  at::Tensor loss = CrossEntropy(logits, batch.labels, label_smoothing);
  if (!batch.other_labels.defined()) return loss;
  return loss * batch.mixup_share +
         CrossEntropy(logits, batch.other_labels, label_smoothing) * (1 - batch.mixup_share);
}

at::Tensor DistillationLoss(const at::Tensor& logits, const at::Tensor& teacher_logits) {
  return -(teacher_logits.detach().softmax(1) * logits.log_softmax(1)).sum(1).mean();
}

}  // namespace boardloop
