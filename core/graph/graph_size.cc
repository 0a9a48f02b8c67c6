// MACs, parameters and bytes of a graph (the counting part of graph.h).
#include "core/graph/graph.h"

namespace boardloop {

int64_t MacsPerOutput(const Graph& graph, const Op& op) {
  int64_t window = int64_t{op.window.kernel_h} * op.window.kernel_w;
  switch (op.kind) {
    case OpKind::kConv2d:
      return window * graph.input_shape(op).channels;
    case OpKind::kDepthwiseConv2d:
      return window;
    case OpKind::kFullyConnected:
      return graph.input_shape(op).elements();
    default:
      return 0;
  }
}

int64_t Macs(const Graph& graph, const Op& op) {
  return MacsPerOutput(graph, op) * graph.output_shape(op).elements();
}

int64_t FilterElements(const Graph& graph, const Op& op) {
  return MacsPerOutput(graph, op) * op.out_channels;
}

NetworkSize Measure(const Graph& graph) {
  NetworkSize size;
  for (const Op& op : graph.ops) {
    int64_t filter = FilterElements(graph, op);
    if (filter == 0) continue;
    size.macs += Macs(graph, op);
    size.params += filter + op.out_channels;
    size.weight_bytes += filter;
  }
  return size;
}

}  // namespace boardloop
