// Runs a graph operator by operator on LibTorch tensors: the one loop behind training, scoring and
// simulated quantization, which differ only in what an operator does.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "core/graph/graph.h"
#include "torch/types.h"

namespace boardloop {

// Feature maps are [n][c][height][width] tensors with channels-last strides, so that their memory is NHWC
// as everywhere else in the project; the output of kMean has height and width 1, that of kFullyConnected
// is [n][classes].
using OpRunner = std::function<at::Tensor(size_t op, absl::Span<const at::Tensor> inputs)>;

// By tensor: the last operator that reads it, or -1.
std::vector<int64_t> LastReaders(const Graph& graph);

// Returns the graph's first output. A tensor is released after its last reader.
at::Tensor WalkGraph(const Graph& graph, at::Tensor input, const OpRunner& run);

}  // namespace boardloop
