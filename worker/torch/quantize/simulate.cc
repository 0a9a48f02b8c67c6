#include "worker/torch/quantize/simulate.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/quant/convolution.h"
#include "core/quant/elementwise.h"
#include "core/quant/pooling.h"
#include "glog/logging.h"
#include "worker/data/dataset.h"
#include "worker/torch/graph_walk.h"
#include "worker/torch/torch_errors.h"

namespace boardloop {
namespace {

constexpr float kInputSteps = 255;  // Centered integers of the input are the bytes.

int64_t LargestCentered(const Quantization& quantization) {
  return std::max(128 + quantization.zero_point, 127 - quantization.zero_point);
}

// The filter's shape, as FoldedOp has it.
std::vector<int64_t> FilterShape(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
      return {op.out_channels, op.window.kernel_h, op.window.kernel_w,
              graph.input_shape(op).channels};
    case OpKind::kDepthwiseConv2d:
      return {op.window.kernel_h, op.window.kernel_w, op.out_channels};
    default:
      return {op.out_channels, graph.input_shape(op).elements()};
  }
}

// By output channel: the sum of |w|, at most over all of them.
int64_t LargestFilterSum(const Op& op, const OpWeights& weights) {
  std::vector<int64_t> sums(static_cast<size_t>(op.out_channels), 0);
  const size_t per_channel = weights.filter.size() / sums.size();
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  for (size_t i = 0; i < weights.filter.size(); ++i) {
    sums[depthwise ? i % sums.size() : i / per_channel] += std::abs(int64_t{weights.filter[i]});
  }
  return *std::max_element(sums.begin(), sums.end());
}

template <typename T>
at::Tensor ToTensor(const std::vector<T>& values, at::ScalarType type, const at::Device& device) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.data_ptr<T>());
  return tensor.to(device);
}

// Fixed-point multipliers, and what a rounded output is near to.
// real_multipliers  by channel
Requantization MakeRequantization(const std::vector<FixedMultiplier>& multipliers,
                                  const std::vector<double>& real_multipliers,
                                  const std::vector<int32_t>& bias, const at::Device& device) {
  Requantization to;
  std::vector<int32_t> mantissa, shift;
  for (const FixedMultiplier& multiplier : multipliers) {
    mantissa.push_back(multiplier.mantissa);
    shift.push_back(multiplier.shift);
  }
  to.bias = ToTensor(bias, at::kInt, device);
  to.mantissa = ToTensor(mantissa, at::kInt, device);
  to.shift = ToTensor(shift, at::kInt, device);
  const at::Tensor scale = ToTensor(real_multipliers, at::kDouble, device);
  to.scale = scale.to(at::kFloat);
  to.offset = (scale * to.bias.to(at::kDouble)).to(at::kFloat);
  return to;
}

absl::Status Unimplemented(const Op& op, const char* why) {
  return absl::UnimplementedError(
      absl::StrCat(op.name, " (", OpKindName(op.kind), ") is not simulated: ", why));
}

absl::Status CheckKind(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kFullyConnected:
      return absl::OkStatus();
    case OpKind::kDepthwiseConv2d:
      if (op.out_channels == graph.input_shape(op).channels) return absl::OkStatus();
      return Unimplemented(op, "it has a channel multiplier");
    case OpKind::kAdd:
      if (graph.input_shape(op, 0) == graph.input_shape(op, 1)) return absl::OkStatus();
      return Unimplemented(op, "its inputs have two shapes");
    case OpKind::kMean:
      if (op.axis == Axis::kChannels) return absl::OkStatus();
      return Unimplemented(op, "it averages over one axis alone");
    default:
      return Unimplemented(op, "trained networks have no such operator");
  }
}

absl::Status CheckInput(const Quantization& input) {
  if (input.scale == kInputScale && input.zero_point == kInputZeroPoint) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the input has scale %g and zero point %d, images have 1/255 and -128",
                      input.scale, input.zero_point));
}

at::Tensor IntegerImages(const at::Tensor& images) {
  return images.to(at::kFloat)
      .mul(kInputSteps)
      .round_()
      .clamp_(0, kInputSteps)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

absl::StatusOr<SimulatedNetwork> SimulatedNetwork::Create(const Model& model,
                                                          const Options& options) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  BL_RETURN_IF_ERROR(CheckInput(model.quantization[model.graph.input]));
  SimulatedNetwork network;
  network.options_ = options;
  network.graph_ = model.graph;
  network.layers_.resize(model.graph.ops.size());
  network.weights_.resize(model.graph.ops.size());
  network.logit_scale_ = model.quantization[model.graph.outputs[0]].scale;
  BL_RETURN_IF_ERROR(CatchTorchErrors([&] { return network.PrepareLayers(model); }));
  return network;
}

absl::Status SimulatedNetwork::PrepareLayers(const Model& model) {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < graph_.ops.size(); ++i) {
    BL_RETURN_IF_ERROR(CheckKind(graph_, graph_.ops[i]));
    BL_RETURN_IF_ERROR(Annotate(PrepareLayer(model, i), graph_.ops[i].name));
  }
  return absl::OkStatus();
}

absl::Status SimulatedNetwork::PrepareLayer(const Model& model, size_t index) {
  Layer& layer = layers_[index];
  switch (graph_.ops[index].kind) {
    case OpKind::kAdd:
      return PrepareAddition(model, index, layer);
    case OpKind::kMean:
      return PrepareAverage(model, index, layer);
    default:
      return PrepareWeighted(model, index, layer);
  }
}

absl::Status SimulatedNetwork::PrepareWeighted(const Model& model, size_t index, Layer& layer) {
  const Op& op = graph_.ops[index];
  const OpWeights& weights = model.weights[index];
  const Quantization& in = model.quantization[op.inputs[0]];
  const Quantization& out = model.quantization[op.output];
  BL_ASSIGN_OR_RETURN(const ConvolutionParams params, PrepareConvolution(op, weights, in, out));
  std::vector<double> real;
  for (const float scale : weights.filter_scales) {
    real.push_back(static_cast<double>(in.scale) * scale / out.scale);
  }
  layer.requantization =
      MakeRequantization(params.multipliers, real, weights.bias, options_.device);
  if (!params.real_multipliers.empty()) {
    layer.requantization.real_multiplier =
        ToTensor(params.real_multipliers, at::kDouble, options_.device);
  }
  layer.requantization.zero_point = params.zero_point_output;
  layer.requantization.range = params.range;
  layer.in_double =
      options_.in_double || LargestFilterSum(op, weights) * LargestCentered(in) > kExactInFloat;
  weights_[index].filter = ToTensor(weights.filter, at::kChar, options_.device)
                               .to(at::kFloat)
                               .view(FilterShape(graph_, op));
  weights_[index].bias = layer.requantization.bias.to(at::kFloat);
  return absl::OkStatus();
}

absl::Status SimulatedNetwork::PrepareAddition(const Model& model, size_t index, Layer& layer) {
  const Op& op = graph_.ops[index];
  const Quantization &a = model.quantization[op.inputs[0]], &b = model.quantization[op.inputs[1]];
  const Quantization& out = model.quantization[op.output];
  BL_ASSIGN_OR_RETURN(const AddParams params, PrepareAdd(a, b, out, op.activation));
  layer.addition = MakeAddition(params, a, b, out, options_.device);
  return absl::OkStatus();
}

absl::Status SimulatedNetwork::PrepareAverage(const Model& model, size_t index, Layer& layer) {
  const Op& op = graph_.ops[index];
  const Quantization& in = model.quantization[op.inputs[0]];
  const Quantization& out = model.quantization[op.output];
  const Shape& shape = graph_.input_shape(op);
  BL_ASSIGN_OR_RETURN(const MeanParams params,
                      PrepareMean(in, out, shape, graph_.output_shape(op)));
  const int64_t count = int64_t{shape.height} * shape.width;
  const auto channels = static_cast<size_t>(shape.channels);
  const double real = static_cast<double>(in.scale) / out.scale / static_cast<double>(count);
  layer.requantization = MakeRequantization(
      std::vector<FixedMultiplier>(channels, params.multiplier),
      std::vector<double>(channels, real), std::vector<int32_t>(channels, 0), options_.device);
  layer.requantization.zero_point = params.zero_point_output;
  layer.in_double = options_.in_double || count * LargestCentered(in) > kExactInFloat;
  return absl::OkStatus();
}

at::Tensor SimulatedNetwork::RunLayer(size_t index, absl::Span<const at::Tensor> inputs,
                                      const IntegerWeights& leaves) const {
  const Op& op = graph_.ops[index];
  const Layer& layer = layers_[index];
  switch (op.kind) {
    case OpKind::kConv2d:
      return Requantize(SumDense(inputs[0], leaves.filter, op.window, layer.in_double), leaves.bias,
                        layer.requantization);
    case OpKind::kDepthwiseConv2d:
      return Requantize(SumDepthwise(inputs[0], leaves.filter, op.window, layer.in_double),
                        leaves.bias, layer.requantization);
    case OpKind::kFullyConnected:
      return Requantize(SumFullyConnected(inputs[0], leaves.filter, layer.in_double), leaves.bias,
                        layer.requantization);
    case OpKind::kAdd:
      return AddIntegers(inputs[0], inputs[1], layer.addition);
    case OpKind::kMean:
      return Requantize(SumPlane(inputs[0], layer.in_double), at::Tensor(), layer.requantization);
    default:
      LOG(FATAL) << op.name << " was not refused by Create";
  }
}

at::Tensor SimulatedNetwork::Forward(const at::Tensor& images,
                                     const std::vector<IntegerWeights>& leaves,
                                     const Observer& observer) const {
  const at::Tensor output = WalkGraph(graph_, IntegerImages(images),
                                      [&](size_t index, absl::Span<const at::Tensor> inputs) {
                                        at::Tensor values = RunLayer(index, inputs, leaves[index]);
                                        if (observer) observer(index, values);
                                        return values;
                                      });
  return output.flatten(1) * logit_scale_;
}

}  // namespace boardloop
