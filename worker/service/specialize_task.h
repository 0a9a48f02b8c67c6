// A SpecializeTask carried out: from a subnet to an int8 model with its final figures.
//
// Invariant: the test split is read once, when the model is final; nothing is chosen by it.
#pragma once

#include "absl/status/statusor.h"
#include "boardloop/v1/task.pb.h"
#include "worker/service/task_context.h"
#include "worker/service/worker_cache.h"

namespace boardloop {

// The subnet is trained on alone as `boardloop-worker finetune` does, with the super-network's largest subnet as its teacher and the
// augmentation that the super-network was trained with, then quantized as `boardloop-worker quantize` does. Fine-tuning that makes it
// worse on the validation split is dropped: few images, or few passes over them, can do that. On a CPU the same task gives the same
// artifacts.
//
// INVALID_ARGUMENT, UNIMPLEMENTED  of the task
// OUT_OF_RANGE                     a loss that is not a number
// CANCELLED                        as asked
// Others                           of this machine, or of the way to the coordinator
absl::StatusOr<v1::SpecializeOutput> RunSpecializeTask(const v1::SpecializeTask& task,
                                                       WorkerCache& cache,
                                                       const TaskContext& context);

}  // namespace boardloop
