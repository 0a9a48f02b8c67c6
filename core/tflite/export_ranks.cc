#include "core/tflite/export_ranks.h"

#include <algorithm>

namespace boardloop::tflite {
namespace {

// What an operator asks of the ranks around it.
enum class RankRule {
  kFour,    // Inputs and output have four dimensions.
  kMean,    // Over height and width. The input has four, the output any.
  kAny,     // No demand: FULLY_CONNECTED and RESHAPE make whatever rank is wanted.
  kSame,    // The output has the rank of the input.
  kHighest  // The output has the highest rank of the inputs.
};

RankRule RuleOf(const Op& op) {
  switch (op.kind) {
    case OpKind::kMean:
      return op.axis == Axis::kChannels ? RankRule::kMean : RankRule::kFour;
    case OpKind::kFullyConnected:
    case OpKind::kReshape:
      return RankRule::kAny;
    case OpKind::kSoftmax:
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return RankRule::kSame;
    case OpKind::kAdd:
    case OpKind::kMul:
      return RankRule::kHighest;
    default:
      return RankRule::kFour;
  }
}

// Takes back what `op` does not allow. True when something changed.
bool Apply(const Op& op, std::vector<bool>& flat) {
  RankRule rule = RuleOf(op);
  bool changed = false;
  auto set_four = [&](int32_t tensor) {
    changed |= flat[tensor];
    flat[tensor] = false;
  };
  bool all_flat =
      std::all_of(op.inputs.begin(), op.inputs.end(), [&](int32_t t) { return flat[t]; });
  switch (rule) {
    case RankRule::kAny:
      break;
    case RankRule::kMean:
      set_four(op.inputs[0]);
      break;
    case RankRule::kFour:
    case RankRule::kSame:
    case RankRule::kHighest:
      if (rule != RankRule::kFour && all_flat && flat[op.output]) break;
      // A tensor of rank 2 may be added to one of rank 4, but where the output alone must have four
      // dimensions the inputs give them.
      for (int32_t input : op.inputs) {
        if (rule != RankRule::kHighest || all_flat) set_four(input);
      }
      set_four(op.output);
      break;
  }
  return changed;
}

}  // namespace

std::vector<bool> FlatTensors(const Graph& graph) {
  std::vector<bool> flat(graph.tensors.size());
  for (size_t t = 0; t < flat.size(); ++t) {
    const Shape& shape = graph.tensors[t].shape;
    flat[t] = shape.height == 1 && shape.width == 1;
  }
  // Demands travel with the data and against it; each pass takes back at least one more, so this
  // ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Op& op : graph.ops) changed |= Apply(op, flat);
    for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) changed |= Apply(*op, flat);
  }
  return flat;
}

}  // namespace boardloop::tflite
