// Batch-norm statistics of a network on a CPU by worker/kernels: ForwardTraining with `moments`, without what
// nobody reads.
//
// A convolution's sums are kept as they come out, and normalized in place when the next operator first reads
// them. The wide feature map between an expansion and its depthwise convolution, the largest of a block, is not
// kept where a batch of it would leave the cache: its statistics are taken image by image, and the depthwise
// convolution computes it again, with batch norm folded in by then.
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"
#include "torch/types.h"
#include "worker/kernels/batch_norm.h"
#include "worker/torch/cpu_ops.h"
#include "worker/torch/layers.h"
#include "worker/torch/weights.h"

namespace boardloop {

// Not for several threads at once: it holds the feature maps.
class MomentsPass {
 public:
  // `graph` is not owned. `weights` as for ForwardTraining; batches have at most `batch_size` images.
  MomentsPass(const Graph& graph, const Weights& weights, int64_t batch_size);

  // The statistics of a batch, by operator; undefined where there is no batch norm.
  std::vector<Moments> Run(const at::Tensor& images);

 private:
  struct Layer {              // Of a convolution.
    at::Tensor filter;        // PackFilter's.
    at::Tensor gamma, beta;   // [channels]
    at::Tensor scale, shift;  // Of the batch's statistics: y = scale * sum + shift.
    at::Tensor folded;        // filter * scale, where the output is computed again.
    kernels::ClampRange range;
  };

  int64_t FloatsOf(int32_t tensor) const { return graph_.shape(tensor).elements(); }
  bool IsRecomputed(const Op& op, int64_t batch_size) const;
  std::vector<int64_t> Floats(int64_t batch_size) const;
  std::vector<int64_t> Lifetimes() const;

  // Tensor `tensor` of an image of the batch, normalized.
  const float* Read(int32_t tensor, int64_t image);
  void Measure(size_t index, int64_t images, Moments& moments);
  void RunPlain(const Op& op, int64_t images);

  const Graph& graph_;
  std::vector<int32_t> producers_;  // By tensor; -1: the input.
  std::vector<bool> recomputed_;    // By tensor.
  std::vector<bool> raw_;           // By tensor: sums that are not normalized yet.
  std::vector<Layer> layers_;       // By operator.
  size_t measured_ops_ = 0;         // None behind these has batch norm.
  TensorMemory memory_;
  const float* input_ = nullptr;
  kernels::MomentSums sums_;
};

}  // namespace boardloop
