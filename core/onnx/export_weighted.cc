// Convolutions and fully connected layers.
#include "core/onnx/channels_first.h"
#include "core/onnx/exporter.h"

namespace boardloop::onnx {

void SetWindow(NodeProto& node, const Window& w) {
  SetAttribute(node, "kernel_shape", {w.kernel_h, w.kernel_w});
  SetAttribute(node, "strides", {w.stride_h, w.stride_w});
  SetAttribute(node, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
}

std::string Exporter::Filter(const Op& op, const OpWeights& weights, const Dims& dims,
                             const std::vector<int8_t>& values) {
  const std::string name = names_[op.output] + "/filter";
  const std::string numbers = builder_.AddInt8s(name + "/quantized", dims, values);
  const auto channels = static_cast<int64_t>(weights.filter_scales.size());
  std::string scale, zero;
  if (weights.per_tensor) {
    scale = builder_.AddFloat(name + "/scale", weights.filter_scales[0]);
    zero = builder_.AddInt8(name + "/zero_point", 0);
  } else {
    scale = builder_.AddFloats(name + "/scale", {channels}, weights.filter_scales);
    zero = builder_.AddInt8s(name + "/zero_point", {channels}, std::vector<int8_t>(channels));
  }
  std::string real = builder_.UniqueName(name);
  NodeProto& node = builder_.AddNode("DequantizeLinear", {numbers, scale, zero}, real);
  // Without a meaning for a single scale, whose default axis a matrix would not have either.
  if (!weights.per_tensor) SetAttribute(node, "axis", int64_t{0});
  return real;
}

std::string Exporter::Bias(const Op& op, const OpWeights& weights) {
  const std::string name = names_[op.output] + "/bias";
  const auto channels = static_cast<int64_t>(weights.bias.size());
  std::vector<float> scales = weights.filter_scales;
  for (float& scale : scales) scale *= model_.quantization[op.inputs[0]].scale;
  const std::string numbers = builder_.AddInt32s(name + "/quantized", {channels}, weights.bias);
  const std::string scale = weights.per_tensor
                                ? builder_.AddFloat(name + "/scale", scales[0])
                                : builder_.AddFloats(name + "/scale", {channels}, scales);
  std::string real = builder_.UniqueName(name);
  // For int32 the zero point may only be 0, and is left out.
  NodeProto& node = builder_.AddNode("DequantizeLinear", {numbers, scale}, real);
  if (!weights.per_tensor) SetAttribute(node, "axis", int64_t{0});
  return real;
}

std::string Exporter::Conv(const Op& op, const OpWeights& weights) {
  const Window& w = op.window;
  const int32_t in = graph_.input_shape(op).channels;
  const std::string filter =
      Filter(op, weights, {op.out_channels, in, w.kernel_h, w.kernel_w},
             ChannelsFirst(weights.filter, op.out_channels, {w.kernel_h, w.kernel_w, in}));
  const std::string bias = Bias(op, weights);
  std::string result = Local(op, "float");
  SetWindow(builder_.AddNode("Conv", {Real(op), filter, bias}, result), w);
  return result;
}

// A convolution with a group for each input channel: its filters are those of consecutive output
// channels, as ours are.
std::string Exporter::Depthwise(const Op& op, const OpWeights& weights) {
  const Window& w = op.window;
  const std::string filter =
      Filter(op, weights, {op.out_channels, 1, w.kernel_h, w.kernel_w},
             ChannelsFirst(weights.filter, 1, {w.kernel_h, w.kernel_w, op.out_channels}));
  const std::string bias = Bias(op, weights);
  std::string result = Local(op, "float");
  NodeProto& node = builder_.AddNode("Conv", {Real(op), filter, bias}, result);
  SetWindow(node, w);
  SetAttribute(node, "group", int64_t{graph_.input_shape(op).channels});
  return result;
}

std::string Exporter::FullyConnected(const Op& op, const OpWeights& weights) {
  const Shape& in = graph_.input_shape(op);
  const std::string flat = Local(op, "flat");
  SetAttribute(builder_.AddNode("Flatten", {Real(op)}, flat), "axis", int64_t{1});
  // The input is flattened channels first: the filter's columns are in that order too.
  const std::string filter = Filter(op, weights, {op.out_channels, in.elements()},
                                    ChannelsFirst(weights.filter, op.out_channels, in));
  const std::string bias = Bias(op, weights);
  const std::string product = Local(op, "product");
  SetAttribute(builder_.AddNode("Gemm", {flat, filter, bias}, product), "transB", int64_t{1});
  const std::string shape =
      builder_.AddInt64s(names_[op.output] + "/shape", {4}, DimsOf(graph_.output_shape(op)));
  std::string result = Local(op, "float");
  builder_.AddNode("Reshape", {product, shape}, result);
  return result;
}

}  // namespace boardloop::onnx
