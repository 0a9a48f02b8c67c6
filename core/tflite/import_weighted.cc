// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED.
#include <utility>

#include "core/tflite/import_operators.h"

namespace boardloop::tflite {
namespace {

absl::Status CheckDilation(int32_t height, int32_t width) {
  if (height == 1 && width == 1) return absl::OkStatus();
  return Unsupported("dilation %dx%d; only 1x1 is supported", height, width);
}

absl::StatusOr<Extents> ReadFilterExtents(NetworkBuilder& net, const FileOperator& op,
                                          size_t rank) {
  int32_t filter = op.input(1);
  if (filter == kAbsentInput) return Invalid("the filter is missing");
  BL_RETURN_IF_ERROR(Annotate(net.tensors().CheckType(filter, fb::TensorType::INT8), "filter"));
  BL_ASSIGN_OR_RETURN(Extents extents, net.tensors().ReadExtents(filter));
  if (extents.size() == rank) return extents;
  return Invalid("filter %s has shape %s, must have %d dimensions", net.file().Quoted(filter),
                 ToString(extents), rank);
}

// Filter, scales and bias; the scales lie along dimension `channel_dimension` of the filter.
absl::StatusOr<OpWeights> ReadWeights(NetworkBuilder& net, const FileOperator& op, int32_t channels,
                                      int32_t channel_dimension) {
  OpWeights weights;
  BL_ASSIGN_OR_RETURN(weights.filter, net.tensors().ReadInt8(op.input(1)));
  BL_ASSIGN_OR_RETURN(FilterScales scales,
                      net.tensors().ReadFilterScales(op.input(1), channels, channel_dimension));
  weights.filter_scales = std::move(scales.scales);
  weights.per_tensor = scales.per_tensor;
  if (op.input(2) == kAbsentInput) {
    weights.bias.assign(channels, 0);
    return weights;
  }
  BL_ASSIGN_OR_RETURN(weights.bias, net.tensors().ReadBias(op.input(2), channels));
  return weights;
}

// The filter of a depthwise convolution with one input channel, [kh][kw][out], as that of the plain
// convolution it is: [out][kh][kw][1].
std::vector<int8_t> ChannelsFirst(const std::vector<int8_t>& filter, int32_t channels) {
  std::vector<int8_t> result(filter.size());
  size_t pixels = filter.size() / channels;
  for (size_t p = 0; p < pixels; ++p) {
    for (int32_t c = 0; c < channels; ++c) result[c * pixels + p] = filter[p * channels + c];
  }
  return result;
}

}  // namespace

absl::Status ImportConv2d(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::Conv2DOptions>(op));
  BL_RETURN_IF_ERROR(CheckDilation(options->dilation_h_factor(), options->dilation_w_factor()));
  BL_ASSIGN_OR_RETURN(Extents filter, ReadFilterExtents(net, op, 4));
  Op conv;
  conv.kind = OpKind::kConv2d;
  conv.out_channels = filter[0];
  conv.window.kernel_h = filter[1];
  conv.window.kernel_w = filter[2];
  conv.window.stride_h = options->stride_h();
  conv.window.stride_w = options->stride_w();
  BL_ASSIGN_OR_RETURN(conv.activation, ReadActivation(options->fused_activation_function()));
  BL_ASSIGN_OR_RETURN(
      WindowedInput input,
      ReadWindowed(net, op.input(0), conv.window, options->padding(), FoldPadding::kZeroPoint));
  conv.inputs = {input.tensor};
  conv.window = input.window;
  int32_t channels = net.shape(input.tensor).channels;
  if (channels != filter[3] && channels % filter[3] == 0) {
    return Unsupported("%d groups (%d input channels, filter %s takes %d); 1 is supported",
                       channels / filter[3], channels, net.file().Quoted(op.input(1)), filter[3]);
  }
  if (channels != filter[3]) {
    return Invalid("filter %s takes %d channels, the input has %d", net.file().Quoted(op.input(1)),
                   filter[3], channels);
  }
  BL_ASSIGN_OR_RETURN(OpWeights weights, ReadWeights(net, op, filter[0], 0));
  return net.Emit(std::move(conv), op.outputs[0], std::move(weights));
}

absl::Status ImportDepthwiseConv2d(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::DepthwiseConv2DOptions>(op));
  BL_RETURN_IF_ERROR(CheckDilation(options->dilation_h_factor(), options->dilation_w_factor()));
  BL_ASSIGN_OR_RETURN(Extents filter, ReadFilterExtents(net, op, 4));
  Op conv;
  conv.kind = OpKind::kDepthwiseConv2d;
  conv.out_channels = filter[3];
  conv.window.kernel_h = filter[1];
  conv.window.kernel_w = filter[2];
  conv.window.stride_h = options->stride_h();
  conv.window.stride_w = options->stride_w();
  BL_ASSIGN_OR_RETURN(conv.activation, ReadActivation(options->fused_activation_function()));
  BL_ASSIGN_OR_RETURN(
      WindowedInput input,
      ReadWindowed(net, op.input(0), conv.window, options->padding(), FoldPadding::kZeroPoint));
  conv.inputs = {input.tensor};
  conv.window = input.window;
  int32_t channels = net.shape(input.tensor).channels;
  if (filter[0] != 1 || int64_t{channels} * options->depth_multiplier() != filter[3]) {
    return Invalid("filter %s has shape %s, must be [1, h, w, %d input channels * multiplier %d]",
                   net.file().Quoted(op.input(1)), ToString(filter), channels,
                   options->depth_multiplier());
  }
  BL_ASSIGN_OR_RETURN(OpWeights weights, ReadWeights(net, op, filter[3], 3));
  if (channels == 1 && filter[3] > 1) {
    conv.kind = OpKind::kConv2d;
    weights.filter = ChannelsFirst(weights.filter, filter[3]);
  }
  return net.Emit(std::move(conv), op.outputs[0], std::move(weights));
}

absl::Status ImportFullyConnected(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::FullyConnectedOptions>(op));
  if (options->weights_format() != fb::WeightsFormat::DEFAULT) {
    return Unsupported("weights format %d; only the default, row by row, is supported",
                       static_cast<int>(options->weights_format()));
  }
  BL_ASSIGN_OR_RETURN(Extents filter, ReadFilterExtents(net, op, 2));
  Op dense;
  dense.kind = OpKind::kFullyConnected;
  dense.out_channels = filter[0];
  BL_ASSIGN_OR_RETURN(dense.activation, ReadActivation(options->fused_activation_function()));
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  dense.inputs = {input};
  int64_t elements = net.shape(input).elements();
  if (elements != filter[1] && elements % filter[1] == 0) {
    return Unsupported(
        "a batch of %d vectors (%d input elements, filter %s takes %d); 1 is "
        "supported",
        elements / filter[1], elements, net.file().Quoted(op.input(1)), filter[1]);
  }
  if (elements != filter[1]) {
    return Invalid("filter %s takes %d elements, the input has %d", net.file().Quoted(op.input(1)),
                   filter[1], elements);
  }
  BL_ASSIGN_OR_RETURN(OpWeights weights, ReadWeights(net, op, filter[0], 0));
  return net.Emit(std::move(dense), op.outputs[0], std::move(weights));
}

}  // namespace boardloop::tflite
