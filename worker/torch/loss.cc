#include "worker/torch/loss.h"

namespace boardloop {
namespace {

at::Tensor CrossEntropy(const at::Tensor& logits, const at::Tensor& labels, double smoothing) {
  return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, /*ignore_index=*/-100,
                                smoothing);
}

}  // namespace

at::Tensor LabelLoss(const at::Tensor& logits, const DeviceData::Batch& batch,
                     double label_smoothing) {
  const at::Tensor loss = CrossEntropy(logits, batch.labels, label_smoothing);
  if (!batch.other_labels.defined()) return loss;
  return loss * batch.mixup_share +
         CrossEntropy(logits, batch.other_labels, label_smoothing) * (1 - batch.mixup_share);
}

at::Tensor DistillationLoss(const at::Tensor& logits, const at::Tensor& teacher_logits) {
  return -(teacher_logits.detach().softmax(1) * logits.log_softmax(1)).sum(1).mean();
}

}  // namespace boardloop
