// Sorting of the elastic channels by importance, so that a narrow subnet gets the best ones.
#pragma once

#include <vector>

#include "core/graph/graph.h"
#include "torch/types.h"
#include "worker/torch/weights.h"

namespace boardloop {

// Reorders the middle channels of each expanded block of `graph` so that their importance falls: the
// sum of |w| over the projection's weights that read a channel (Cai et al. 2020). The network of all channels
// computes the same as before. The same order is applied to each of `others`, flat tensors like the one that
// `weights` are views of (momentum, averages).
void SortChannels(const Graph& graph, const Weights& weights,
                  const std::vector<at::Tensor>& others);

}  // namespace boardloop
