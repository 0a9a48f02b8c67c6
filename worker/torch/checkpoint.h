// A training run on disk: docs/formats/checkpoint.md. Written through a temporary file and a rename, so that
// a reader, and a run that is killed while it writes, finds the last whole one.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/checkpoint.pb.h"
#include "boardloop/v1/dataset.pb.h"
#include "boardloop/v1/training.pb.h"
#include "core/space/subnet.h"
#include "torch/types.h"

namespace boardloop {

// The tensors are flat, on the CPU, float, in the order of the run's ParameterLayout. A random state is not
// needed: every draw is a function of the seed and the step.
struct Checkpoint {
  v1::CheckpointHeader header;
  at::Tensor weights;
  at::Tensor momentum;  // Undefined in one that is not for resuming.
  at::Tensor average;   // Undefined without ema_decay.
  at::Tensor teacher;   // Undefined unless a frozen teacher is in use.

  // What is scored and exported: the average where there is one.
  const at::Tensor& scored() const { return average.defined() ? average : weights; }
};

// RESOURCE_EXHAUSTED and others as the operating system says; the file at `path` is then the old one.
absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& checkpoint);

// NOT_FOUND         no such file
// INVALID_ARGUMENT  not a checkpoint, of another version, truncated, damaged (hash), or with a space or a
//                   size that do not fit each other
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

// The same on bytes. `source` names them in messages.
std::string SerializeCheckpoint(const Checkpoint& checkpoint);
absl::StatusOr<Checkpoint> ParseCheckpoint(const std::string& bytes, const std::string& source);

}  // namespace boardloop
