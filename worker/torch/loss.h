// What networks minimize.
#pragma once

#include "torch/types.h"
#include "worker/torch/device_data.h"

namespace boardloop {

// Mean cross-entropy of the labels, smoothed; with mixup of both labels.
// logits [n][classes]
at::Tensor LabelLoss(const at::Tensor& logits, const DeviceData::Batch& batch,
                     double label_smoothing);

// Mean cross-entropy of the teacher's probabilities (Hinton et al. 2015, temperature 1).
at::Tensor DistillationLoss(const at::Tensor& logits, const at::Tensor& teacher_logits);

}  // namespace boardloop
