// The processes that train one network together. Each has the whole data set and the same plan of each step,
// takes its share of the micro-batches, and sums its gradients with the others'.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "torch/types.h"

namespace boardloop {

class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Adds up `tensor` over all processes, in place. Every process calls it in the same order.
  //
  // UNAVAILABLE  another process is gone
  virtual absl::Status Sum(at::Tensor& tensor) = 0;
};

// The group of this process alone.
class SingleProcess : public ProcessGroup {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  absl::Status Sum(at::Tensor& /*tensor*/) override { return absl::OkStatus(); }
};

}  // namespace boardloop
