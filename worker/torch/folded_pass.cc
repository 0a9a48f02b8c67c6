#include "worker/torch/folded_pass.h"

#include <algorithm>

#include "glog/logging.h"
#include "worker/torch/graph_walk.h"

namespace boardloop {
namespace {

std::vector<int64_t> FloatsOf(const Graph& graph) {
  std::vector<int64_t> floats;
  for (const Tensor& tensor : graph.tensors) floats.push_back(tensor.shape.elements());
  return floats;
}

}  // namespace

FoldedPass::FoldedPass(const Graph& graph, const FoldedWeights& folded)
    : graph_(graph),
      packed_(graph.ops.size()),
      memory_(graph, FloatsOf(graph), LastReaders(graph)) {
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (!folded[i].filter.defined()) continue;
    packed_[i] = {PackFilter(graph.ops[i], folded[i].filter), folded[i].bias.contiguous()};
  }
}

const float* FoldedPass::At(int32_t tensor, const float* image) const {
  return tensor == graph_.input ? image : memory_.at(tensor);
}

void FoldedPass::RunImage(const float* image, float* logits) {
  for (size_t i = 0; i < graph_.ops.size(); ++i) {
    const Op& op = graph_.ops[i];
    const float* x = At(op.inputs[0], image);
    float* y = memory_.at(op.output);
    switch (op.kind) {
      case OpKind::kConv2d:
      case OpKind::kDepthwiseConv2d:
        RunConvolution(graph_, op, x, packed_[i].filter.data_ptr<float>(),
                       {packed_[i].bias.data_ptr<float>(), ClampRangeOf(op.activation)}, y);
        break;
      case OpKind::kFullyConnected:
        RunConvolution(graph_, op, x, packed_[i].filter.data_ptr<float>(),
                       {packed_[i].bias.data_ptr<float>(), {}}, y);
        break;
      case OpKind::kAdd:
        RunAdd(graph_.output_shape(op).elements(), x, At(op.inputs[1], image), y);
        break;
      case OpKind::kMean:
        RunMean(graph_.input_shape(op), x, y);
        break;
      default:
        LOG(FATAL) << op.name << " was not refused by ParameterLayout";
    }
  }
  const int32_t output = graph_.outputs[0];
  std::copy_n(memory_.at(output), graph_.shape(output).elements(), logits);
}

at::Tensor FoldedPass::Run(const at::Tensor& images) {
  const at::Tensor x = images.permute({0, 2, 3, 1}).contiguous();
  const int64_t image_floats = graph_.shape(graph_.input).elements();
  const int64_t classes = graph_.shape(graph_.outputs[0]).elements();
  at::Tensor logits = at::empty({x.size(0), classes}, at::kFloat);
  for (int64_t i = 0; i < x.size(0); ++i) {
    RunImage(x.data_ptr<float>() + i * image_floats, logits.data_ptr<float>() + i * classes);
  }
  return logits;
}

}  // namespace boardloop
