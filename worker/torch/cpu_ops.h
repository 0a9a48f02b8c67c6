// The operators of a network on plain memory, for one image at a time, by worker/kernels: what the passes of
// scoring on a CPU are made of. No gradients.
//
// Feature maps are [height][width][channels] floats.
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"
#include "torch/types.h"
#include "worker/kernels/batch_norm.h"

namespace boardloop {

kernels::ClampRange ClampRangeOf(Activation activation);

// What the kernels read in place of a filter laid out as core/graph says: transposed, output channels last.
at::Tensor PackFilter(const Op& op, const at::Tensor& filter);

// kConv2d, kDepthwiseConv2d or kFullyConnected.
//   packed  PackFilter's
//   y       overwritten; not x
void RunConvolution(const Graph& graph, const Op& op, const float* x, const float* packed,
                    const kernels::OutputMap& map, float* y);

// kAdd of two like shapes.
void RunAdd(int64_t count, const float* a, const float* b, float* y);

// kMean over height and width.
void RunMean(const Shape& shape, const float* x, float* y);

// Memory for the tensors of a graph, shared by those that do not live at the same time. Who frees last is reused
// first, while it is still in the cache.
class TensorMemory {
 public:
  TensorMemory() = default;
  // Tensor t has floats[t] floats and is needed until operator last_readers[t] has run (-1: it is never read). The
  // graph's input is not in here.
  TensorMemory(const Graph& graph, const std::vector<int64_t>& floats,
               const std::vector<int64_t>& last_readers);

  float* at(int32_t tensor) const { return slots_[slot_of_[tensor]].data_ptr<float>(); }

 private:
  std::vector<int32_t> slot_of_;   // By tensor.
  std::vector<at::Tensor> slots_;  // LibTorch aligns them to cache lines.
};

}  // namespace boardloop
