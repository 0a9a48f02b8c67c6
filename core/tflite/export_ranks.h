// Which tensors of a graph, that knows no ranks, are written with two dimensions.
#pragma once

#include <vector>

#include "core/graph/graph.h"

namespace boardloop::tflite {

// By tensor: true where it is written as [1, channels], as converters write what comes behind the
// last pooling, false where it is written as [1, height, width, channels]. A vector is flat unless
// an operator around it needs four dimensions.
std::vector<bool> FlatTensors(const Graph& graph);

}  // namespace boardloop::tflite
