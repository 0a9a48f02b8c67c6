#include "worker/torch/quantize/exact_forward.h"

#include <cmath>

#include "core/base/status.h"
#include "torch/csrc/autograd/custom_function.h"
#include "worker/data/dataset.h"

namespace boardloop {
namespace {

int8_t QuantizePixel(float real) {
  return static_cast<int8_t>(std::lround(real / kInputScale) + kInputZeroPoint);
}

at::Tensor EmptyOutput(const Graph& graph, const Op& op, int64_t images) {
  const Shape& shape = graph.output_shape(op);
  if (op.kind == OpKind::kFullyConnected) return at::empty({images, shape.channels});
  return at::empty({images, shape.channels, shape.height, shape.width}, at::kFloat,
                   at::MemoryFormat::ChannelsLast);
}

void StoreReal(absl::Span<const int8_t> values, const Quantization& quantization, float* to) {
  for (size_t i = 0; i < values.size(); ++i) {
    to[i] = quantization.scale * static_cast<float>(values[i] - quantization.zero_point);
  }
}

// The second input's value with the first one's gradient. Not a + (b - a).detach(), which rounds.
class StraightThrough : public torch::autograd::Function<StraightThrough> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* /*context*/,
                            const at::Tensor& /*differentiable*/, const at::Tensor& value) {
    return value.clone();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* /*context*/,
                                                 const torch::autograd::variable_list& grads) {
    return {grads[0], at::Tensor()};
  }
};

}  // namespace

absl::StatusOr<std::vector<at::Tensor>> ExactOutputs(const Model& model, Interpreter& interpreter,
                                                     const at::Tensor& images) {
  const Graph& graph = model.graph;
  const int64_t count = images.size(0), pixels = graph.shape(graph.input).elements();
  std::vector<at::Tensor> outputs;
  for (const Op& op : graph.ops) outputs.push_back(EmptyOutput(graph, op, count));
  const at::Tensor channels_last =
      images.to(at::kCPU, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<int8_t> input(static_cast<size_t>(pixels));
  for (int64_t n = 0; n < count; ++n) {
    const float* from = channels_last.data_ptr<float>() + n * pixels;
    for (int64_t i = 0; i < pixels; ++i) input[i] = QuantizePixel(from[i]);
    BL_RETURN_IF_ERROR(interpreter.Run(input));
    for (size_t i = 0; i < graph.ops.size(); ++i) {
      const int32_t tensor = graph.ops[i].output;
      StoreReal(interpreter.Tensor(tensor), model.quantization[tensor],
                outputs[i].data_ptr<float>() + n * graph.shape(tensor).elements());
    }
  }
  return outputs;
}

at::Tensor ForwardStraightThrough(const Model& model, const FoldedWeights& folded,
                                  const at::Tensor& images, const std::vector<at::Tensor>& exact) {
  return ForwardFolded(model.graph, folded, images, [&](size_t op, const at::Tensor& output) {
    const Quantization& quantization = model.quantization[model.graph.ops[op].output];
    const at::Tensor value = exact[op].to(output.device());
    const float zero = static_cast<float>(quantization.zero_point);
    const at::Tensor inside =
        output.clamp(quantization.scale * (-128 - zero), quantization.scale * (127 - zero));
    return StraightThrough::apply(inside, value);
  });
}

}  // namespace boardloop
