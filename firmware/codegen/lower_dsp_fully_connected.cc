// FULLY_CONNECTED to firmware/engine/dsp/fully_connected.c.
#include <cstring>
#include <utility>

#include "core/base/status.h"
#include "core/quant/convolution.h"
#include "firmware/codegen/lower_dsp_groups.h"
#include "firmware/codegen/lower_dsp_parts.h"

namespace boardloop {
namespace {

// bl_real_channel[]; the biases are in the groups.
void AppendMultipliers(const ConvolutionParams& params, std::vector<uint8_t>& data) {
  for (double multiplier : params.real_multipliers) {
    uint64_t bits = 0;
    static_assert(sizeof(bits) == sizeof(multiplier));
    std::memcpy(&bits, &multiplier, sizeof(bits));
    AppendWord(data, 0);
    AppendWord(data, static_cast<int32_t>(bits));
    AppendWord(data, static_cast<int32_t>(bits >> 32));
  }
}

}  // namespace

absl::StatusOr<std::vector<LoweredCall>> LowerDspFullyConnected(const Model& model,
                                                                const Step& step) {
  const std::vector<LoweredCall> none;
  const Op& op = model.graph.ops[step.ops[0]];
  const OpWeights& weights = model.weights[step.ops[0]];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params,
                      PrepareConvolution(op, weights, model.quantization[op.inputs[0]],
                                         model.quantization[op.output]));
  std::vector<DspSum> sums;
  for (size_t c = 0; c < weights.bias.size(); ++c) {
    sums.push_back(MakeDspSum(weights, c, params.zero_point_input));
  }
  const auto elements = static_cast<int32_t>(model.graph.input_shape(op).elements());
  const DspGroupPacker packer(weights, std::move(sums), DspColumnOrder(1, elements));
  LoweredCall call;
  for (int32_t first = 0; first < op.out_channels; first += kDspGroup) {
    if (!packer.Append(first, call.data)) return none;
    call.weight_bytes += packer.weight_bytes();
  }
  const auto channels = static_cast<int64_t>(call.data.size());
  AppendMultipliers(params, call.data);
  call.kernel = "bl_fully_connected_s8_dsp";
  call.params_type = "bl_fully_connected_dsp_params";
  call.input = op.inputs[0];
  call.output = op.output;
  call.fields = {{"groups", Field::Kind::kData, 0},
                 {"channels", Field::Kind::kData, channels},
                 {"zero_point_output", Field::Kind::kInteger, params.zero_point_output},
                 {"minimum", Field::Kind::kInteger, params.range.min},
                 {"maximum", Field::Kind::kInteger, params.range.max}};
  std::vector<LoweredCall> calls;
  calls.push_back(std::move(call));
  return calls;
}

}  // namespace boardloop
