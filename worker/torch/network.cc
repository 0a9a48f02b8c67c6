#include "worker/torch/network.h"

#include "glog/logging.h"
#include "worker/torch/graph_walk.h"

namespace boardloop {
namespace {

bool IsDepthwise(const Op& op) { return op.kind == OpKind::kDepthwiseConv2d; }
bool IsConvolution(const Op& op) { return op.kind == OpKind::kConv2d || IsDepthwise(op); }

at::Tensor Convolve(const Op& op, const at::Tensor& x, const at::Tensor& filter) {
  return IsDepthwise(op) ? DepthwiseConvolution2d(x, filter, op.window)
                         : Convolution(x, filter, op.window);
}

// The classifier is computed in float32 whatever the precision of the rest.
at::Tensor Classify(const at::Tensor& x, const at::Tensor& filter, const at::Tensor& bias) {
  return at::linear(x.flatten(1).to(at::kFloat), filter, bias);
}

// Operators without weights.
at::Tensor RunPlain(const Op& op, absl::Span<const at::Tensor> inputs) {
  switch (op.kind) {
    case OpKind::kAdd:
      return inputs[0] + inputs[1];
    case OpKind::kMean:
      return inputs[0].mean({2, 3}, /*keepdim=*/true);
    default:
      break;
  }
  LOG(FATAL) << op.name << " was not refused by ParameterLayout";
}

}  // namespace

at::Tensor ForwardTraining(const Graph& graph, const Weights& weights, const at::Tensor& images,
                           std::vector<Moments>* moments) {
  if (moments != nullptr) moments->assign(graph.ops.size(), {});
  return WalkGraph(graph, images, [&](size_t index, absl::Span<const at::Tensor> inputs) {
    const Op& op = graph.ops[index];
    if (IsConvolution(op)) {
      const at::Tensor y = Convolve(op, inputs[0], SliceFilter(weights, graph, op));
      return BatchNormActivation(y, SliceChannels(weights, op, ParameterRole::kGamma),
                                 SliceChannels(weights, op, ParameterRole::kBeta), op.activation,
                                 moments != nullptr ? &(*moments)[index] : nullptr);
    }
    if (op.kind == OpKind::kFullyConnected) {
      return Classify(inputs[0], SliceFilter(weights, graph, op),
                      SliceChannels(weights, op, ParameterRole::kBias));
    }
    return RunPlain(op, inputs);
  });
}

FoldedWeights FoldBatchNorm(const Graph& graph, const Weights& weights,
                            const std::vector<Moments>& moments) {
  at::NoGradGuard no_grad;
  FoldedWeights folded(graph.ops.size());
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    if (op.kind == OpKind::kFullyConnected) {
      folded[i] = {SliceFilter(weights, graph, op).clone(),
                   SliceChannels(weights, op, ParameterRole::kBias).clone()};
    }
    if (!IsConvolution(op)) continue;
    const at::Tensor scale = SliceChannels(weights, op, ParameterRole::kGamma) *
                             (moments[i].variance + kBatchNormEpsilon).rsqrt();
    const at::Tensor filter = SliceFilter(weights, graph, op);
    // Output channels are the first dimension of a filter, or the last of a depthwise one.
    folded[i].filter = filter * (IsDepthwise(op) ? scale : scale.view({-1, 1, 1, 1}));
    folded[i].bias = SliceChannels(weights, op, ParameterRole::kBeta) - moments[i].mean * scale;
  }
  return folded;
}

at::Tensor ForwardFolded(const Graph& graph, const FoldedWeights& folded, const at::Tensor& images,
                         const OutputHook& hook) {
  const auto run = [&](size_t index, absl::Span<const at::Tensor> inputs) {
    const Op& op = graph.ops[index];
    if (IsConvolution(op)) {
      return BiasActivation(Convolve(op, inputs[0], folded[index].filter), folded[index].bias,
                            op.activation);
    }
    if (op.kind == OpKind::kFullyConnected) {
      return Classify(inputs[0], folded[index].filter, folded[index].bias);
    }
    return RunPlain(op, inputs);
  };
  return WalkGraph(graph, images, [&](size_t index, absl::Span<const at::Tensor> inputs) {
    const at::Tensor output = run(index, inputs);
    return hook ? hook(index, output) : output;
  });
}

}  // namespace boardloop
