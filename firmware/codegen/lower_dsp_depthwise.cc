// DEPTHWISE_CONV_2D to firmware/engine/dsp/depthwise.S.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/plan/kernel_table.h"
#include "core/quant/convolution.h"
#include "firmware/codegen/lower_dsp_parts.h"

namespace boardloop {
namespace {

// depthwise_parts.inc has the fraction; a tap's scaled value must fit int16.
constexpr DspReluFormat kReluFormat = {10, 2, 8, true};

// Filter of one channel, row by row.
class Taps {
 public:
  Taps(const Op& op, const OpWeights& weights, int32_t channel)
      : size_(op.window.kernel_h),
        channels_(op.out_channels),
        weights_(weights),
        channel_(channel) {}

  int32_t size() const { return size_; }
  // 0 outside.
  int32_t at(int32_t row, int32_t column) const {
    if (silent_ || column < 0 || column >= size_) return 0;
    return weights_.filter[(static_cast<size_t>(row) * size_ + column) * channels_ + channel_];
  }
  DspSumRange Range(int32_t bias, int32_t zero_point) const {
    DspSumRange range{bias, bias};
    Fold([&](int32_t w) {
      range.Add(w, zero_point);
      return 0;
    });
    return range;
  }
  void Silence() { silent_ = true; }  // Makes all taps 0.
  int64_t Sum() const {
    return Fold([](int32_t w) { return w; });
  }
  int64_t AbsoluteSum() const {
    return Fold([](int32_t w) { return std::abs(w); });
  }

 private:
  template <typename Function>
  int64_t Fold(Function function) const {
    int64_t sum = 0;
    for (int32_t row = 0; row < size_; ++row) {
      for (int32_t column = 0; column < size_; ++column) sum += function(at(row, column));
    }
    return sum;
  }

  int32_t size_, channels_;
  const OpWeights& weights_;
  int32_t channel_;
  bool silent_ = false;
};

// Taps as pairs of int16, shifted left by `scale`.
int32_t TapPair(int32_t low, int32_t high, int32_t scale) {
  const auto word = [scale](int32_t tap) { return static_cast<uint32_t>(tap) << scale; };
  return static_cast<int32_t>((word(low) & 0xffff) | word(high) << 16);
}

// 3x3, stride 1: both alignments of a pair with the row's three taps.
void AppendOverlappingPairs(const Taps& taps, int32_t scale, std::vector<uint8_t>& data) {
  for (int32_t row = 0; row < taps.size(); ++row) {
    AppendWord(data, TapPair(taps.at(row, 0), taps.at(row, 1), scale));
    AppendWord(data, TapPair(taps.at(row, 1), taps.at(row, 2), scale));
  }
}

// Stride 2: neighbours, and the last tap alone.
void AppendPairs(const Taps& taps, int32_t scale, std::vector<uint8_t>& data) {
  for (int32_t row = 0; row < taps.size(); ++row) {
    for (int32_t column = 0; column < taps.size(); column += 2) {
      AppendWord(data, TapPair(taps.at(row, column), taps.at(row, column + 1), scale));
    }
  }
}

bool IsSupported(const Op& op, const Shape& input) {
  const Window& w = op.window;
  if (op.out_channels != input.channels || w.kernel_h != w.kernel_w || w.stride_h != w.stride_w) {
    return false;
  }
  // With more padding above, outputs in place would overtake rows that are still to be read.
  if (std::max({w.pad_top, w.pad_bottom, w.pad_left, w.pad_right}) >= w.kernel_h) return false;
  if (w.stride_h == 1) return w.kernel_h == 3;
  return w.stride_h == 2 && (w.kernel_h == 3 || w.kernel_h == 5 || w.kernel_h == 7);
}

// Two elements of the plane.
int32_t TwoElements(int32_t value) {
  return static_cast<int32_t>((static_cast<uint32_t>(value) & 0xffff) * 0x10001u);
}

// Start of the sum, what requantizes it, and taps.
void AppendNumbers(const Op& op, const Taps& taps, int32_t bias, int32_t zero_point, int32_t scale,
                   int32_t offset, const std::vector<uint8_t>& requantization,
                   std::vector<uint8_t>& data) {
  // Padding is stored as the zero point, so that its tap takes off what it adds.
  const int64_t start = bias - taps.Sum() * zero_point;
  AppendWord(data, static_cast<int32_t>(static_cast<uint32_t>(start) << scale) + offset);
  data.insert(data.end(), requantization.begin(), requantization.end());
  if (op.window.stride_h == 1) {
    AppendOverlappingPairs(taps, scale, data);
  } else {
    AppendPairs(taps, scale, data);
  }
}

// False when the channel's numbers do not fit the kernel.
bool AppendChannel(const Op& op, const OpWeights& weights, const ConvolutionParams& params,
                   bool relu, int32_t channel, std::vector<uint8_t>& data) {
  Taps taps(op, weights, channel);
  const int32_t zero_point = params.zero_point_input;
  int32_t bias = weights.bias[channel];
  const FixedMultiplier& multiplier = params.multipliers[channel];
  const DspSumRange range = taps.Range(bias, zero_point);
  const std::optional<int32_t> constant =
      ConstantDspOutput(range, multiplier, params.zero_point_output, params.range);
  if (constant) {
    taps.Silence();
    bias = 0;
  }
  std::vector<uint8_t> requantization;
  int32_t scale = 1;  // Sums are needed doubled (dsp_kernels.h).
  int32_t offset = 0;
  if (relu) {
    const auto numbers = constant ? ConstantDspReluRequantization(*constant, kReluFormat)
                                  : MakeDspReluRequantization(
                                        multiplier, range, params.zero_point_output, kReluFormat);
    if (!numbers) return false;
    scale = numbers->scale;
    offset = numbers->offset;
    AppendWord(requantization, numbers->multiplier);
    AppendWord(requantization, numbers->rounding);
  } else {
    const auto numbers =
        constant
            ? ConstantDspRequantization(*constant)
            : MakeDspRequantization(multiplier, DspSumBound(taps.AbsoluteSum(), bias, zero_point),
                                    params.zero_point_output);
    if (!numbers) return false;
    AppendRequantization(*numbers, requantization);
  }
  AppendNumbers(op, taps, bias, zero_point, scale, offset, requantization, data);
  return true;
}

// All channels, or nothing.
std::vector<uint8_t> PackChannels(const Op& op, const OpWeights& weights,
                                  const ConvolutionParams& params, bool relu) {
  std::vector<uint8_t> data;
  for (int32_t channel = 0; channel < op.out_channels; ++channel) {
    if (!AppendChannel(op, weights, params, relu, channel, data)) return {};
  }
  return data;
}

// Size of the map if depthwise_map.S has a variant for it and the scratch holds the whole plane;
// else 0. Packed as for the kernel of any size.
int32_t FixedMap(const Op& op, const Shape& input, const Shape& output, const Step& step) {
  constexpr int32_t kSmallest = 3, kLargest = 7;
  const Window& w = op.window;
  const int32_t size = input.height;
  if (w.kernel_h != 3 || w.stride_h != 1 || w.pad_top != 1 || w.pad_left != 1) return 0;
  if (size < kSmallest || size > kLargest || input.width != size) return 0;
  if (output != input || step.in_patch) return 0;
  return step.scratch_bytes >= KernelScratch(op, input, output).most ? size : 0;
}

std::string KernelName(const Op& op, int32_t fixed_map, bool relu, bool clamp) {
  const std::string size = std::to_string(op.window.kernel_h);
  std::string name = "bl_depthwise_" + size + "x" + size + "s" + std::to_string(op.window.stride_w);
  if (fixed_map != 0) name += "_map" + std::to_string(fixed_map);
  if (relu) name += "_relu";
  if (clamp) name += "_clamp";
  return name + "_s8_dsp";
}

}  // namespace

absl::StatusOr<std::vector<LoweredCall>> LowerDspDepthwise(const Model& model, const Step& step) {
  const std::vector<LoweredCall> none;
  const Op& op = model.graph.ops[step.ops[0]];
  const OpWeights& weights = model.weights[step.ops[0]];
  if (!IsSupported(op, model.graph.input_shape(op))) return none;
  const Quantization& input = model.quantization[op.inputs[0]];
  BL_ASSIGN_OR_RETURN(ConvolutionParams params,
                      PrepareConvolution(op, weights, input, model.quantization[op.output]));
  LoweredCall call;
  bool relu = IsDspRelu(params.range, params.zero_point_output);
  if (relu) call.data = PackChannels(op, weights, params, true);
  if (call.data.empty()) {
    relu = false;
    call.data = PackChannels(op, weights, params, false);
  }
  if (call.data.empty()) return none;
  const int64_t header_bytes = relu ? 12 : 16;  // Start and requantization.
  call.weight_bytes = static_cast<int64_t>(call.data.size()) - header_bytes * op.out_channels;
  const bool clamp = params.range.min > -128 || params.range.max < 127;
  call.kernel =
      KernelName(op, FixedMap(op, model.graph.input_shape(op), model.graph.output_shape(op), step),
                 relu, clamp);
  call.params_type = "bl_depthwise_dsp_params";
  call.input = op.inputs[0];
  call.output = op.output;
  call.fields = {{"channels", Field::Kind::kData, 0},
                 {"padding", Field::Kind::kInteger, TwoElements(input.zero_point)},
                 {"lowest", Field::Kind::kInteger, params.range.min},
                 {"highest", Field::Kind::kInteger, params.range.max}};
  std::vector<LoweredCall> calls;
  calls.push_back(std::move(call));
  return calls;
}

}  // namespace boardloop
