#include "core/plan/accounting_rules.h"

#include <algorithm>
#include <vector>

#include "core/plan/arena.h"

namespace boardloop {
namespace {

bool HasWeights(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
         op.kind == OpKind::kFullyConnected;
}

bool IsElementwise(const Op& op) {
  switch (op.kind) {
    case OpKind::kAdd:
    case OpKind::kMul:
    case OpKind::kSoftmax:
    case OpKind::kReshape:
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return true;
    default:
      return false;
  }
}

// Lifetimes in the graph's own order, one byte per element.
class Lifetimes {
 public:
  explicit Lifetimes(const Graph& graph)
      : graph_(graph), first_(graph.tensors.size(), -1), last_(graph.tensors.size(), -1) {
    const auto end = static_cast<int32_t>(graph.ops.size());
    first_[graph.input] = 0;
    for (int32_t i = 0; i < end; ++i) {
      for (int32_t input : graph.ops[i].inputs) last_[input] = i;
      first_[graph.ops[i].output] = last_[graph.ops[i].output] = i;
    }
    for (int32_t output : graph.outputs) last_[output] = end - 1;
  }

  int32_t first(int32_t tensor) const { return first_[tensor]; }
  int32_t last(int32_t tensor) const { return last_[tensor]; }

  // Tensors alive during op `i` other than what it reads and writes: branches that wait.
  int64_t WaitingBytes(int32_t i) const {
    const Op& op = graph_.ops[i];
    int64_t bytes = 0;
    for (int32_t t = 0; t < static_cast<int32_t>(graph_.tensors.size()); ++t) {
      bool own =
          t == op.output || std::find(op.inputs.begin(), op.inputs.end(), t) != op.inputs.end();
      if (!own && first_[t] >= 0 && first_[t] <= i && last_[t] >= i) {
        bytes += graph_.shape(t).elements();
      }
    }
    return bytes;
  }

 private:
  const Graph& graph_;
  std::vector<int32_t> first_, last_;
};

int64_t InputBytes(const Graph& graph, const Op& op) {
  int64_t bytes = 0;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    // A tensor that is added to itself is there once.
    bool seen =
        std::find(op.inputs.begin(), op.inputs.begin() + i, op.inputs[i]) != op.inputs.begin() + i;
    if (!seen && !graph.tensors[op.inputs[i]].constant) {
      bytes += graph.input_shape(op, static_cast<int>(i)).elements();
    }
  }
  return bytes;
}

// Bytes of the input of the block around a depthwise convolution: what its expansion reads.
int64_t BlockInputBytes(const Graph& graph, const Op& depthwise) {
  for (const Op& op : graph.ops) {
    if (op.output == depthwise.inputs[0] && IsPointwise(op)) {
      return graph.input_shape(op).elements();
    }
  }
  return 0;
}

// TinyEngine's buffers (rule D): a depthwise convolution works in place, its input's buffer shrinks
// to what it leaves; every other operator, ADD too, has an output buffer of its own.
std::vector<ArenaBuffer> TinyEngineBuffers(const Graph& graph, const Lifetimes& lifetimes) {
  std::vector<ArenaBuffer> buffers;
  std::vector<int32_t> buffer_of(graph.tensors.size(), -1);
  auto own_buffer = [&](int32_t tensor) {
    if (lifetimes.last(tensor) < lifetimes.first(tensor)) return;  // An input that nobody reads.
    buffer_of[tensor] = static_cast<int32_t>(buffers.size());
    buffers.push_back(ArenaBuffer{
        {Extent{lifetimes.first(tensor), lifetimes.last(tensor), graph.shape(tensor).elements()}}});
  };
  own_buffer(graph.input);
  for (int32_t i = 0; i < static_cast<int32_t>(graph.ops.size()); ++i) {
    const Op& op = graph.ops[i];
    bool in_place = op.kind == OpKind::kDepthwiseConv2d && lifetimes.last(op.inputs[0]) == i &&
                    buffer_of[op.inputs[0]] >= 0 &&
                    graph.output_shape(op).elements() <= graph.input_shape(op).elements();
    if (!in_place) {
      own_buffer(op.output);
      continue;
    }
    buffer_of[op.output] = buffer_of[op.inputs[0]];
    if (lifetimes.last(op.output) > i) {
      buffers[buffer_of[op.output]].extents.push_back(
          Extent{i + 1, lifetimes.last(op.output), graph.output_shape(op).elements()});
    }
  }
  return buffers;
}

// TinyEngine's im2col buffer: two int16 columns of a convolution, one padded int16 plane of a
// depthwise convolution; and its copy of the weights of k > 1 convolutions as int16. The largest of
// each.
int64_t TinyEngineKernelBytes(const Graph& graph) {
  int64_t im2col = 0, weights = 0;
  for (const Op& op : graph.ops) {
    const Window& w = op.window;
    const Shape& in = graph.input_shape(op);
    if (op.kind == OpKind::kConv2d || op.kind == OpKind::kFullyConnected) {
      im2col = std::max(im2col, 4 * MacsPerOutput(graph, op));
    }
    if (op.kind == OpKind::kConv2d && w.kernel_h * w.kernel_w > 1) {
      weights = std::max(weights, 2 * FilterElements(graph, op));
    }
    if (op.kind == OpKind::kDepthwiseConv2d) {
      int64_t plane =
          int64_t{in.height + w.pad_top + w.pad_bottom} * (in.width + w.pad_left + w.pad_right);
      im2col = std::max(im2col, 2 * plane);
    }
  }
  return im2col + weights;
}

}  // namespace

AccountingRules CountByRules(const Graph& graph) {
  constexpr int64_t kTinyEngineAlignment = 4;
  AccountingRules rules;
  const Lifetimes lifetimes(graph);
  for (int32_t i = 0; i < static_cast<int32_t>(graph.ops.size()); ++i) {
    const Op& op = graph.ops[i];
    const int64_t in = InputBytes(graph, op);
    const int64_t out = graph.output_shape(op).elements();
    const int64_t waiting = lifetimes.WaitingBytes(i);
    const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
    if (HasWeights(op)) {
      rules.a = std::max(rules.a, in + out + (depthwise ? BlockInputBytes(graph, op) : 0));
      rules.b = std::max(rules.b, in + out + (depthwise ? waiting : 0));
    }
    const bool in_place = depthwise || IsElementwise(op);
    rules.c = std::max(rules.c, waiting + (in_place ? std::max(in, out) : in + out));
  }
  rules.d = FirstFitBySize(TinyEngineBuffers(graph, lifetimes), kTinyEngineAlignment).bytes;
  rules.e = rules.d + TinyEngineKernelBytes(graph);
  return rules;
}

}  // namespace boardloop
