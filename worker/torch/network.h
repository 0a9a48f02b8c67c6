// A graph of core/graph as a LibTorch network: with batch norm, as it is trained, and with batch norm
// folded into the filters, as it is scored and quantized. Shapes come from the graph alone.
#pragma once

#include <functional>
#include <vector>

#include "core/graph/graph.h"
#include "torch/types.h"
#include "worker/torch/layers.h"
#include "worker/torch/weights.h"

namespace boardloop {

// Runs `graph` with the slices of `weights` that its operators use; `weights` are those of the graph
// itself or of a larger one with operators of the same names. Batch norm uses the statistics of the
// batch. Differentiable.
// images   [n][c][height][width] float or bfloat16, channels last; values in [0, 1]
// moments  when given, set to the statistics by operator (undefined where there is no batch norm); for
//          calls without gradients
// returns  logits, float [n][classes]
at::Tensor ForwardTraining(const Graph& graph, const Weights& weights, const at::Tensor& images,
                           std::vector<Moments>* moments = nullptr);

// Filter and bias of one operator, laid out as core/graph says; undefined where it has none.
struct FoldedOp {
  at::Tensor filter;
  at::Tensor bias;
};

// A network without batch norm: by operator of the graph.
using FoldedWeights = std::vector<FoldedOp>;

// filter * gamma / sqrt(variance + epsilon), beta - mean * gamma / sqrt(variance + epsilon).
FoldedWeights FoldBatchNorm(const Graph& graph, const Weights& weights,
                            const std::vector<Moments>& moments);

// Sees, or replaces, the output of an operator before others read it. Returns what they read.
using OutputHook = std::function<at::Tensor(size_t op, const at::Tensor& output)>;

// As ForwardTraining, with `folded` in place of weights and statistics. Differentiable.
at::Tensor ForwardFolded(const Graph& graph, const FoldedWeights& folded, const at::Tensor& images,
                         const OutputHook& hook = nullptr);

}  // namespace boardloop
