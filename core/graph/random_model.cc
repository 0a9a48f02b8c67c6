// Random weights and scales for a graph. Scales are chosen by following the spread of the values
// through the network: with weights that are independent and have mean 0, the variance of a
// convolution's output is fan-in * E[x^2] * E[w^2], so the filter's scale can be set to give any
// spread that is wanted.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/random.h"
#include "core/graph/model.h"

namespace boardloop {
namespace {

constexpr float kUniformDeviation = 73.6f;  // Of a uniform int8 in [-127, 127].

// What is known of a tensor's real values.
struct Spread {
  double rms = 1;
  bool non_negative = false;
};

// Whether TFLite wants the operator's input and output quantized alike.
bool KeepsQuantization(OpKind kind) {
  return kind == OpKind::kAveragePool || kind == OpKind::kMaxPool || kind == OpKind::kPad ||
         kind == OpKind::kReshape || kind == OpKind::kConcat || kind == OpKind::kResizeNearest;
}

// Fills `model` operator by operator.
class RandomModelBuilder {
 public:
  RandomModelBuilder(const Graph& graph, uint64_t seed)
      : seed_(seed), random_(seed), groups_(graph.tensors.size()), spreads_(graph.tensors.size()) {
    model_.graph = graph;
    model_.quantization.resize(graph.tensors.size());
    model_.weights.resize(graph.ops.size());
    chosen_.resize(graph.tensors.size());
  }

  Model Build() && {
    GroupTensors();
    FixProbabilities();
    for (size_t t = 0; t < model_.graph.tensors.size(); ++t) {
      // Inputs and constants; tensors that an operator writes are set when their turn comes.
      const bool input = static_cast<int32_t>(t) == model_.graph.input;
      if (input || model_.graph.tensors[t].constant) AddSource(static_cast<int32_t>(t));
    }
    for (size_t i = 0; i < model_.graph.ops.size(); ++i) AddOp(i);
    for (size_t t = 0; t < model_.graph.tensors.size(); ++t) {
      model_.quantization[t] = chosen_[Group(static_cast<int32_t>(t))].value_or(Quantization{1, 0});
    }
    return std::move(model_);
  }

 private:
  // Union-find over the tensors that share a quantization.
  int32_t Group(int32_t tensor) {
    while (groups_[tensor] != tensor) tensor = groups_[tensor] = groups_[groups_[tensor]];
    return tensor;
  }

  void GroupTensors() {
    std::iota(groups_.begin(), groups_.end(), 0);
    for (const Op& op : model_.graph.ops) {
      if (!KeepsQuantization(op.kind)) continue;
      for (int32_t input : op.inputs) groups_[Group(input)] = Group(op.output);
    }
  }

  // TFLite accepts only this quantization for the outputs of softmax and sigmoid.
  void FixProbabilities() {
    for (const Op& op : model_.graph.ops) {
      if (op.kind == OpKind::kSoftmax || op.kind == OpKind::kSigmoid) {
        chosen_[Group(op.output)] = Quantization{1.0f / 256, -128};
      }
    }
  }

  // The quantization of `tensor`'s group, which is `wanted` if the group has none yet.
  const Quantization& Choose(int32_t tensor, const Quantization& wanted) {
    std::optional<Quantization>& chosen = chosen_[Group(tensor)];
    if (!chosen.has_value()) chosen = wanted;
    return *chosen;
  }

  // A quantization that covers three deviations.
  Quantization Covering(const Spread& spread) {
    const double range = (spread.non_negative ? 3 : 6) * std::max(spread.rms, 1e-6);
    const auto zero_point = spread.non_negative ? -128 : random_.Between(-16, 16);
    return {static_cast<float>(range / 255), static_cast<int32_t>(zero_point)};
  }

  void AddSource(int32_t tensor) {
    const Quantization& quantization = Choose(tensor, {2.0f / 255, -1});
    spreads_[tensor].rms = quantization.scale * std::hypot(74, 0.5 + quantization.zero_point);
    spreads_[tensor].non_negative = quantization.zero_point == -128;
    if (!model_.graph.tensors[tensor].constant) return;
    std::vector<int8_t>& values = model_.constants[tensor];
    values.resize(model_.graph.shape(tensor).elements());
    for (int8_t& value : values) value = static_cast<int8_t>(random_.Between(-128, 127));
  }

  void AddOp(size_t index);
  void AddWeights(size_t index);

  const uint64_t seed_;
  Random random_;
  Model model_;
  std::vector<int32_t> groups_;                      // Parent of each tensor.
  std::vector<Spread> spreads_;                      // By tensor.
  std::vector<std::optional<Quantization>> chosen_;  // By root of a group.
};

// What is left of a spread after an activation on roughly normal values.
Spread Activated(const Spread& spread, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return spread;
    case Activation::kRelu:
      return {spread.rms * M_SQRT1_2, true};
    case Activation::kRelu6:
      return {std::min(spread.rms * M_SQRT1_2, 3.0), true};
    case Activation::kReluN1To1:
      return {std::min(spread.rms, 0.8), spread.non_negative};
  }
  return spread;
}

void RandomModelBuilder::AddOp(size_t index) {
  const Op& op = model_.graph.ops[index];
  const Spread& in = spreads_[op.inputs[0]];
  Spread& out = spreads_[op.output];
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kFullyConnected:
      out = Activated({2, false}, op.activation);
      break;
    case OpKind::kAdd:
      out.rms = std::hypot(in.rms, spreads_[op.inputs[1]].rms);
      out.non_negative = in.non_negative && spreads_[op.inputs[1]].non_negative;
      out = Activated(out, op.activation);
      break;
    case OpKind::kMul:
      out.rms = in.rms * spreads_[op.inputs[1]].rms;
      out.non_negative = in.non_negative && spreads_[op.inputs[1]].non_negative;
      out = Activated(out, op.activation);
      break;
    case OpKind::kMean:
      // Biases and activations give each channel a mean that does not average out.
      out = {in.rms * 0.7, in.non_negative};
      break;
    case OpKind::kSoftmax:
    case OpKind::kSigmoid:
      out = {0.5, true};
      break;
    case OpKind::kHardSwish:
      out = {in.rms * 0.7, false};
      break;
    case OpKind::kQuantize:
      out = Activated(in, op.activation);
      break;
    default:
      out = in;
  }
  Quantization wanted = Covering(out);
  if (op.activation == Activation::kRelu6) wanted = {6.0f / 255, -128};
  Choose(op.output, wanted);
  AddWeights(index);
}

void RandomModelBuilder::AddWeights(size_t index) {
  const Op& op = model_.graph.ops[index];
  const int64_t elements = FilterElements(model_.graph, op);
  if (elements == 0) return;
  const int64_t fan_in = MacsPerOutput(model_.graph, op);
  // Narrower weights where int32 accumulators could overflow: no realistic network gets there.
  int narrow = 0;
  while (narrow < 7 && fan_in * (127 >> narrow) * 255 > int64_t{1} << 30) ++narrow;

  // Values before the activation have the deviation 2, unless the output's quantization was given.
  const Quantization& output = *chosen_[Group(op.output)];
  const double deviation = std::min(2.0, output.scale * 255 / 3.0);
  const float input_scale = chosen_[Group(op.inputs[0])]->scale;
  const double gain = std::sqrt(static_cast<double>(fan_in)) * spreads_[op.inputs[0]].rms *
                      kUniformDeviation / (1 << narrow);
  Random random = Random::ForItem(seed_, index);
  OpWeights& weights = model_.weights[index];
  weights.per_tensor = op.kind == OpKind::kFullyConnected || op.out_channels == 1;
  const auto scale = static_cast<float>(deviation / gain);
  for (int32_t c = 0; c < op.out_channels; ++c) {
    const auto jitter = weights.per_tensor ? 1.0f : static_cast<float>(0.7 + 0.7 * random.Unit());
    weights.filter_scales.push_back(scale * jitter);
    const double step = static_cast<double>(input_scale) * weights.filter_scales.back();
    weights.bias.push_back(static_cast<int32_t>((random.Unit() - 0.5) * deviation / step));
  }
  weights.filter.resize(elements);
  for (size_t i = 0; i < weights.filter.size(); i += 8) {
    uint64_t word = random.Next();
    for (size_t k = i; k < std::min(i + 8, weights.filter.size()); ++k, word >>= 8) {
      weights.filter[k] = static_cast<int8_t>(std::max(-127, int8_t(word & 0xff) >> narrow));
    }
  }
}

}  // namespace

Model RandomModel(const Graph& graph, uint64_t seed) {
  return RandomModelBuilder(graph, seed).Build();
}

}  // namespace boardloop
