#include "worker/torch/graph_walk.h"

#include <utility>

#include "absl/container/inlined_vector.h"

namespace boardloop {

std::vector<int64_t> LastReaders(const Graph& graph) {
  std::vector<int64_t> last(graph.tensors.size(), -1);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    for (const int32_t input : graph.ops[i].inputs) last[input] = static_cast<int64_t>(i);
  }
  return last;
}

at::Tensor WalkGraph(const Graph& graph, at::Tensor input, const OpRunner& run) {
  const std::vector<int64_t> last_readers = LastReaders(graph);
  std::vector<at::Tensor> values(graph.tensors.size());
  values[graph.input] = std::move(input);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    absl::InlinedVector<at::Tensor, 2> inputs;
    for (const int32_t tensor : op.inputs) {
      // Moved at its last use, so that the operator may work in place on what it alone holds.
      const bool last = last_readers[tensor] == static_cast<int64_t>(i);
      inputs.push_back(last ? std::move(values[tensor]) : values[tensor]);
    }
    values[op.output] = run(i, inputs);
  }
  return values[graph.outputs[0]];
}

}  // namespace boardloop
