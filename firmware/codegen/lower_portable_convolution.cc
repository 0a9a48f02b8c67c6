// CONV_2D with or without a fused ADD, DEPTHWISE_CONV_2D, FULLY_CONNECTED.
#include <cstring>

#include "core/base/status.h"
#include "core/quant/convolution.h"
#include "core/quant/elementwise.h"
#include "firmware/codegen/lower_portable.h"

namespace boardloop {
namespace {

absl::StatusOr<ConvolutionParams> Prepare(const Model& model, int32_t index) {
  const Op& op = model.graph.ops[index];
  return PrepareConvolution(op, model.weights[index], model.quantization[op.inputs[0]],
                            model.quantization[op.output]);
}

void AppendFilter(const std::vector<int8_t>& filter, CallBuilder& call) {
  call.Pointer("filter");
  call.AppendBytes(filter);
  call.CountWeights(static_cast<int64_t>(filter.size()));
}

// bl_channel[]
void AppendChannels(const ConvolutionParams& params, const OpWeights& weights, CallBuilder& call) {
  call.Pointer("channels");
  for (size_t c = 0; c < weights.bias.size(); ++c) {
    call.AppendWord(weights.bias[c]);
    call.AppendWord(params.multipliers[c].mantissa);
    call.AppendWord(params.multipliers[c].shift);
  }
}

// bl_real_channel[]
void AppendRealChannels(const ConvolutionParams& params, const OpWeights& weights,
                        CallBuilder& call) {
  call.Pointer("channels");
  for (size_t c = 0; c < weights.bias.size(); ++c) {
    uint64_t bits = 0;
    static_assert(sizeof(bits) == sizeof(params.real_multipliers[c]));
    std::memcpy(&bits, &params.real_multipliers[c], sizeof(bits));
    call.AppendWord(weights.bias[c]);
    call.AppendWord(static_cast<uint32_t>(bits));
    call.AppendWord(static_cast<uint32_t>(bits >> 32));
  }
}

void AddWindow(const Window& window, CallBuilder& call) {
  call.Integer("kernel_height", window.kernel_h);
  call.Integer("kernel_width", window.kernel_w);
  call.Integer("stride_height", window.stride_h);
  call.Integer("stride_width", window.stride_w);
}

void AddOutputStage(const ConvolutionParams& params, CallBuilder& call) {
  call.Integer("zero_point_input", params.zero_point_input);
  call.Integer("zero_point_output", params.zero_point_output);
  call.Integer("minimum", params.range.min);
  call.Integer("maximum", params.range.max);
}

// [kernel_h][kernel_w][channels] to [channels][kernel_h][kernel_w]
std::vector<int8_t> ChannelsOutermost(const std::vector<int8_t>& filter, int32_t channels) {
  std::vector<int8_t> packed;
  packed.reserve(filter.size());
  for (int32_t c = 0; c < channels; ++c) {
    for (size_t i = c; i < filter.size(); i += channels) packed.push_back(filter[i]);
  }
  return packed;
}

}  // namespace

absl::StatusOr<LoweredCall> LowerPortableConvolution(const Model& model, int32_t index,
                                                     const Op* add) {
  const Op& op = model.graph.ops[index];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params, Prepare(model, index));
  CallBuilder call(add == nullptr ? "bl_conv_s8" : "bl_conv_add_s8", "bl_conv_params", op.inputs[0],
                   add == nullptr ? op.output : add->output);
  AppendFilter(model.weights[index].filter, call);
  AppendChannels(params, model.weights[index], call);
  if (add == nullptr) {
    call.UnusedPointer("shortcut");
  } else {
    const int result = add->inputs[0] == op.output ? 0 : 1;
    call.SetSecond(add->inputs[1 - result]);
    call.Pointer("shortcut");
    BL_RETURN_IF_ERROR(AppendAddTerms(model, *add, /*first=*/result, call));
  }
  AddWindow(op.window, call);
  AddOutputStage(params, call);
  return std::move(call).Build();
}

absl::StatusOr<LoweredCall> LowerPortableDepthwise(const Model& model, int32_t index) {
  const Op& op = model.graph.ops[index];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params, Prepare(model, index));
  CallBuilder call("bl_depthwise_s8", "bl_depthwise_params", op.inputs[0], op.output);
  AppendFilter(ChannelsOutermost(model.weights[index].filter, op.out_channels), call);
  AppendChannels(params, model.weights[index], call);
  AddWindow(op.window, call);
  call.Integer("multiplier", op.out_channels / model.graph.input_shape(op).channels);
  AddOutputStage(params, call);
  return std::move(call).Build();
}

absl::StatusOr<LoweredCall> LowerPortableFullyConnected(const Model& model, int32_t index) {
  const Op& op = model.graph.ops[index];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params, Prepare(model, index));
  CallBuilder call("bl_fully_connected_s8", "bl_fully_connected_params", op.inputs[0], op.output);
  AppendFilter(model.weights[index].filter, call);
  AppendRealChannels(params, model.weights[index], call);
  AddOutputStage(params, call);
  return std::move(call).Build();
}

}  // namespace boardloop
