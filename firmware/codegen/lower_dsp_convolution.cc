// CONV_2D, alone or with a fused ADD, to firmware/engine/dsp/convolution.S.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/quant/convolution.h"
#include "core/quant/elementwise.h"
#include "firmware/codegen/lower_dsp_groups.h"
#include "firmware/codegen/lower_dsp_parts.h"

namespace boardloop {
namespace {

constexpr int64_t kHalfword = 1 << 15;  // Results beyond it need the general kernel.
constexpr int32_t kUnsigned = 128;      // Results are packed as unsigned bytes.

// The kernel takes results from the upper halfwords, and shifts the sums of every other channel,
// which are 256 times too large, by 8 less.
constexpr int32_t kRawShift = 8;

DspReluFormat ReluFormat(size_t channel, size_t channels) {
  // Where the last group begins earlier, a channel can have both places.
  const bool raw = channels % kDspGroup != 0 || channel % 2 != 0;
  return {16, raw ? kRawShift : 2, 31, false};
}

// One convolution's numbers by output channel.
struct Channels {
  std::vector<DspSum> sums;
  std::vector<DspRequantization> requantization;
  bool general = false;
  // Of all channels, or empty.
  std::vector<DspReluRequantization> relu;
};

// What channel `c` can sum to, for any input.
DspSumRange SumRange(const OpWeights& weights, size_t c, int32_t zero_point) {
  const size_t taps = weights.filter.size() / weights.bias.size();
  DspSumRange range{weights.bias[c], weights.bias[c]};
  for (size_t i = c * taps; i < (c + 1) * taps; ++i) range.Add(weights.filter[i], zero_point);
  return range;
}

// False when channel `c` does not fit the kernel.
bool AddChannel(const OpWeights& weights, const ConvolutionParams& params, size_t c,
                Channels& channels) {
  const int32_t zero_point = params.zero_point_input;
  const std::optional<int32_t> constant =
      ConstantDspOutput(SumRange(weights, c, zero_point), params.multipliers[c],
                        params.zero_point_output, params.range);
  if (constant) {
    channels.sums.push_back({0, 0, true});
    channels.requantization.push_back(ConstantDspRequantization(*constant + kUnsigned));
    return true;
  }
  const DspSum sum = MakeDspSum(weights, c, zero_point);
  const std::optional<DspRequantization> requantization =
      MakeDspRequantization(params.multipliers[c], sum.bound, params.zero_point_output + kUnsigned);
  if (!requantization) return false;
  channels.general |= requantization->bound >= kHalfword;
  channels.sums.push_back(sum);
  channels.requantization.push_back(*requantization);
  return true;
}

// Empty when one does not fit.
std::vector<DspReluRequantization> PrepareRelu(const OpWeights& weights,
                                               const ConvolutionParams& params,
                                               const std::vector<DspSum>& sums) {
  std::vector<DspReluRequantization> relu;
  if (!IsDspRelu(params.range, params.zero_point_output)) return relu;
  const int32_t zero_point = params.zero_point_output + kUnsigned;
  for (size_t c = 0; c < sums.size(); ++c) {
    const DspSumRange range = SumRange(weights, c, params.zero_point_input);
    const DspReluFormat format = ReluFormat(c, sums.size());
    std::optional<DspReluRequantization> requantization;
    if (sums[c].constant) {
      const std::optional<int32_t> constant =
          ConstantDspOutput(range, params.multipliers[c], params.zero_point_output, params.range);
      requantization = ConstantDspReluRequantization(*constant + kUnsigned, format);
    } else {
      requantization = MakeDspReluRequantization(params.multipliers[c], range, zero_point, format);
    }
    if (!requantization) return {};
    relu.push_back(*requantization);
  }
  return relu;
}

std::optional<Channels> PrepareChannels(const OpWeights& weights, const ConvolutionParams& params) {
  Channels channels;
  for (size_t c = 0; c < weights.bias.size(); ++c) {
    if (!AddChannel(weights, params, c, channels)) return std::nullopt;
  }
  channels.relu = PrepareRelu(weights, params, channels.sums);
  return channels;
}

// What follows the weights of the group from channel `first` on.
void AppendGroupRequantization(const Channels& channels, int32_t first,
                               std::vector<uint8_t>& data) {
  if (channels.relu.empty()) {
    for (int32_t c = first; c < first + kDspGroup; ++c) {
      AppendRequantization(channels.requantization[c], data);
    }
    return;
  }
  for (int32_t i = 0; i < kDspGroup; ++i) {
    const int32_t scale = channels.relu[first + i].scale;
    data.push_back(static_cast<uint8_t>(i % 2 == 0 ? scale : scale - kRawShift));
  }
  for (int32_t c = first; c < first + kDspGroup; ++c) {
    AppendWord(data, channels.relu[c].multiplier);
    AppendWord(data, channels.relu[c].rounding);
  }
}

// The ADD behind a convolution, as eight words of bl_convolution_dsp_params.
struct FusedAdd {
  bool shortcut_is_wide = false;
  int32_t shortcut = -1;
  FixedMultiplier narrow;
  int32_t narrow_rounding = 0;
  int32_t narrow_offset = 0, wide_offset = 0;
  DspRequantization sum;
  ActivationRange range;
};

bool IsHalf(const FixedMultiplier& multiplier) {
  return multiplier.mantissa == 1 << 30 && multiplier.shift == 0;
}

// Requantization of the operand with the smaller scale, in the form with a shift of at least 1.
bool SetNarrow(const FixedMultiplier& multiplier, FusedAdd& fused) {
  fused.narrow = multiplier;
  if (IsHalf(multiplier)) {
    // Equal scales. One less than 1, halved, rounds to the same: operands have 9 bits.
    fused.narrow = {std::numeric_limits<int32_t>::max(), -1};
  }
  const int32_t shift = -fused.narrow.shift;
  if (shift < 1) return false;
  fused.narrow_rounding = static_cast<int32_t>(int64_t{1} << (shift - 1));
  return true;
}

absl::StatusOr<std::optional<FusedAdd>> PrepareFusedAdd(const Model& model, const Op& conv,
                                                        const Op& add) {
  const int32_t result = conv.output;
  const int shortcut_input = add.inputs[0] == result ? 1 : 0;
  FusedAdd fused;
  fused.shortcut = add.inputs[shortcut_input];
  BL_ASSIGN_OR_RETURN(AddParams params, PrepareAdd(model.quantization[add.inputs[0]],
                                                   model.quantization[add.inputs[1]],
                                                   model.quantization[add.output], add.activation));
  FixedMultiplier shortcut = params.multiplier_a, convolution = params.multiplier_b;
  if (shortcut_input == 1) std::swap(shortcut, convolution);
  fused.shortcut_is_wide = !IsHalf(convolution);
  if (!IsHalf(fused.shortcut_is_wide ? shortcut : convolution)) return std::optional<FusedAdd>();
  if (!SetNarrow(fused.shortcut_is_wide ? convolution : shortcut, fused)) {
    return std::optional<FusedAdd>();
  }
  const int32_t shortcut_offset = -model.quantization[fused.shortcut].zero_point;
  const int32_t convolution_offset = -model.quantization[result].zero_point - kUnsigned;
  fused.narrow_offset = fused.shortcut_is_wide ? convolution_offset : shortcut_offset;
  fused.wide_offset = (fused.shortcut_is_wide ? shortcut_offset : convolution_offset) *
                      (1 << AddParams::kLeftShift);
  // Twice the sum of two operands of 9 bits, each times 2^19, is what the kernel has.
  constexpr int64_t kSumBound = int64_t{2} * 255 << (AddParams::kLeftShift - 1);
  std::optional<DspRequantization> sum = MakeDspRequantization(
      params.multiplier_output, kSumBound, params.zero_point_output + kUnsigned);
  if (!sum) return std::optional<FusedAdd>();
  fused.sum = *sum;
  fused.range = params.range;
  return std::optional<FusedAdd>(fused);
}

bool IsFull(const ActivationRange& range) { return range.min == -128 && range.max == 127; }

// An activation bound as the kernel compares it: unsigned, in four bytes.
int32_t FourBytes(int32_t bound) {
  return static_cast<int32_t>(static_cast<uint32_t>(bound + kUnsigned) * 0x01010101u);
}

void AddFields(const Op& op, const Quantization& input, const ActivationRange& range,
               const FusedAdd& fused, int32_t depth, LoweredCall& call) {
  auto add = [&call](const char* name, int64_t value) {
    call.fields.push_back({name, Field::Kind::kInteger, value});
  };
  call.fields.push_back({"groups", Field::Kind::kData, 0});
  add("depth", depth);
  add("lowest", FourBytes(range.min));
  add("highest", FourBytes(range.max));
  add("narrow_multiplier", fused.narrow.mantissa);
  add("narrow_rounding", fused.narrow_rounding);
  add("narrow_shift", -fused.narrow.shift);
  add("narrow_offset", fused.narrow_offset);
  add("wide_offset", fused.wide_offset);
  add("sum_multiplier", fused.sum.multiplier);
  add("sum_rounding", fused.sum.rounding);
  add("sum_shift", fused.sum.shift);
  add("kernel_height", op.window.kernel_h);
  add("kernel_width", op.window.kernel_w);
  add("stride_height", op.window.stride_h);
  add("stride_width", op.window.stride_w);
  add("input_zero_point", input.zero_point);
}

// Names as in dsp_kernels.cc.
std::string KernelName(const Op& op, bool adds, const FusedAdd& fused, bool relu, bool general) {
  std::string name = IsPointwise(op) ? "bl_pointwise" : "bl_convolution";
  if (relu) return name + "_relu_s8_dsp";
  if (adds) name += fused.shortcut_is_wide ? "_add_wide" : "_add_narrow";
  if (general) name += "_general";
  return name + "_s8_dsp";
}

}  // namespace

absl::StatusOr<std::vector<LoweredCall>> LowerDspConvolution(const Model& model, const Step& step) {
  const std::vector<LoweredCall> none;
  const Op& op = model.graph.ops[step.ops[0]];
  const OpWeights& weights = model.weights[step.ops[0]];
  const bool adds = step.ops.size() > 1;
  // A last group that is not full repeats channels, which an ADD in place must not.
  if (op.out_channels < kDspGroup || (adds && op.out_channels % kDspGroup != 0)) return none;

  const Quantization& input = model.quantization[op.inputs[0]];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params,
                      PrepareConvolution(op, weights, input, model.quantization[op.output]));
  std::optional<Channels> channels = PrepareChannels(weights, params);
  if (!channels) return none;
  if (adds) channels->relu.clear();
  FusedAdd fused;
  ActivationRange range = params.range;
  if (adds) {
    if (!IsFull(params.range)) return none;
    const Op& add = model.graph.ops[step.ops[1]];
    BL_ASSIGN_OR_RETURN(std::optional<FusedAdd> prepared, PrepareFusedAdd(model, op, add));
    if (!prepared) return none;
    fused = *prepared;
    range = fused.range;
  }

  const int32_t row_taps = op.window.kernel_w * model.graph.input_shape(op).channels;
  LoweredCall call;
  const DspGroupPacker packer(weights, channels->sums,
                              DspColumnOrder(op.window.kernel_h, row_taps));
  for (int32_t next = 0; next < op.out_channels; next += kDspGroup) {
    const int32_t first = std::min(next, op.out_channels - kDspGroup);
    if (!packer.Append(first, call.data)) return none;
    AppendGroupRequantization(*channels, first, call.data);
    call.weight_bytes += packer.weight_bytes();
  }
  call.kernel =
      KernelName(op, adds, fused, !channels->relu.empty(), channels->general || !IsFull(range));
  call.params_type = "bl_convolution_dsp_params";
  call.input = op.inputs[0];
  call.second = fused.shortcut;
  call.output = adds ? model.graph.ops[step.ops[1]].output : op.output;
  const int32_t depth = (op.window.kernel_h * row_taps + 3) / 4 * 4;
  AddFields(op, input, range, fused, depth, call);
  std::vector<LoweredCall> calls;
  calls.push_back(std::move(call));
  return calls;
}

}  // namespace boardloop
