// ForwardFolded on a CPU by worker/kernels, image by image: a network's feature maps then stay in the second-level
// cache, and nothing is spent on LibTorch's operators.
#pragma once

#include <vector>

#include "core/graph/graph.h"
#include "torch/types.h"
#include "worker/torch/cpu_ops.h"
#include "worker/torch/network.h"

namespace boardloop {

// Not for several threads at once: it holds the feature maps.
class FoldedPass {
 public:
  // `graph` is not owned. Its operators are those that ParameterLayout accepts.
  FoldedPass(const Graph& graph, const FoldedWeights& folded);

  // As ForwardFolded, up to rounding; an image's logits do not depend on the others.
  at::Tensor Run(const at::Tensor& images);

 private:
  const float* At(int32_t tensor, const float* image) const;
  void RunImage(const float* image, float* logits);

  const Graph& graph_;
  FoldedWeights packed_;  // By operator: PackFilter's filter, and the bias.
  TensorMemory memory_;
};

}  // namespace boardloop
