#include "firmware/codegen/lower_dsp_poly.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/quant/convolution.h"
#include "firmware/codegen/lower_dsp_parts.h"

namespace boardloop {
namespace {

constexpr int kLane = 21;  // Bits of a lane (depthwise_poly.S).

// What a lane sums: the products of some columns of taps with any input, padding (0) included.
class LaneRange {
 public:
  explicit LaneRange(int32_t zero_point)
      : lowest_(std::min(0, -128 - zero_point)), highest_(std::max(0, 127 - zero_point)) {}
  void Add(int32_t weight) {
    const int64_t a = int64_t{weight} * lowest_, b = int64_t{weight} * highest_;
    low += std::min(a, b);
    high += std::max(a, b);
  }
  int64_t low = 0, high = 0;

 private:
  int32_t lowest_, highest_;
};

// Where the sums of a channel start, and what twice the middle lane is too large by then.
struct LaneStart {
  int64_t start = 0;
  int32_t even_excess = 0;
};

// The filter of one channel, row by row.
using Taps = std::vector<int32_t>;

// Nothing when a lane would not hold its sum. Filters of up to 7x7 always fit, unless the bias is
// huge: 49 * 127 * 255 < 2^21.
std::optional<LaneStart> MakeLaneStart(const Taps& taps, int32_t kernel_size, int32_t bias,
                                       int32_t zero_point) {
  LaneRange lower(zero_point), middle(zero_point), upper(zero_point);
  for (size_t i = 0; i < taps.size(); ++i) {
    (i % kernel_size % 2 == 1 ? lower : upper).Add(taps[i]);
    middle.Add(taps[i]);
  }
  constexpr int64_t kLimit = int64_t{1} << kLane;
  if (middle.high - middle.low >= kLimit) return std::nullopt;
  // The upper lane has one bit more, for its sign.
  const int64_t upper_start = bias + lower.low;
  if (upper_start + upper.low < -kLimit || upper_start + upper.high >= kLimit) return std::nullopt;
  LaneStart result;
  result.start = -lower.low + (-middle.low << kLane) + upper_start * (int64_t{1} << (2 * kLane));
  result.even_excess = static_cast<int32_t>(-2 * (bias + middle.low));
  return result;
}

bool IsSupported(const Op& op, const Shape& input) {
  const Window& w = op.window;
  const int32_t size = w.kernel_h;
  // A window that lies wholly in the padding would leave the kernel no row to start from.
  const int32_t most_padding = std::max({w.pad_top, w.pad_bottom, w.pad_left, w.pad_right});
  return op.kind == OpKind::kDepthwiseConv2d && op.out_channels == input.channels &&
         (size == 5 || size == 7) && w.kernel_w == size && w.stride_h == 1 && w.stride_w == 1 &&
         most_padding < size;
}

std::string KernelName(int32_t kernel_size, bool clamp) {
  return "bl_depthwise_k" + std::to_string(kernel_size) + "_poly" + (clamp ? "_clamp" : "") +
         "_s8_dsp";
}

// The channel's bias and requantization; its taps become 0 where the output is always the same.
std::optional<DspRequantization> Requantization(const ConvolutionParams& params, int32_t channel,
                                                Taps& taps, int32_t& bias) {
  const int32_t zero_point = params.zero_point_input;
  DspSumRange range{bias, bias};
  int64_t absolute = 0;
  for (int32_t w : taps) {
    range.Add(w, zero_point);
    absolute += std::abs(w);
  }
  const FixedMultiplier& multiplier = params.multipliers[channel];
  if (const auto constant =
          ConstantDspOutput(range, multiplier, params.zero_point_output, params.range)) {
    std::fill(taps.begin(), taps.end(), 0);
    bias = 0;
    return ConstantDspRequantization(*constant);
  }
  return MakeDspRequantization(multiplier, DspSumBound(absolute, bias, zero_point),
                               params.zero_point_output);
}

// A channel as depthwise_poly.S reads it. False when its numbers do not fit the kernel.
bool AppendChannel(const Op& op, const OpWeights& weights, const ConvolutionParams& params,
                   int32_t channel, LoweredCall& call) {
  Taps taps(static_cast<size_t>(op.window.kernel_h) * op.window.kernel_w);
  for (size_t i = 0; i < taps.size(); ++i) {
    taps[i] = weights.filter[i * op.out_channels + channel];
  }
  int32_t bias = weights.bias[channel];
  const std::optional<DspRequantization> requantization =
      Requantization(params, channel, taps, bias);
  if (!requantization) return false;
  const std::optional<LaneStart> lanes =
      MakeLaneStart(taps, op.window.kernel_w, bias, params.zero_point_input);
  if (!lanes) return false;
  const size_t begin = call.data.size();
  AppendWord(call.data, static_cast<int32_t>(lanes->start));
  AppendWord(call.data, static_cast<int32_t>(lanes->start >> 32));
  AppendWord(call.data, lanes->even_excess);
  AppendWord(call.data, requantization->multiplier);
  AppendWord(call.data, requantization->rounding);
  call.data.push_back(static_cast<uint8_t>(requantization->shift));
  for (int32_t w : taps) call.data.push_back(static_cast<uint8_t>(w));
  call.data.resize(begin + (call.data.size() - begin + 3) / 4 * 4);
  call.weight_bytes += static_cast<int64_t>(taps.size());
  return true;
}

KernelObject MakeObject(int32_t kernel_size, bool clamp) {
  const std::string size = std::to_string(kernel_size);
  const std::string kernel = KernelName(kernel_size, clamp);
  return {"depthwise_k" + size + "_poly" + (clamp ? "_clamp" : "") + "_dsp",
          "firmware/engine/dsp/depthwise_poly.S",
          {"KERNEL=" + kernel, "KERNEL_SIZE=" + size, std::string("CLAMP=") + (clamp ? "1" : "0")},
          {kernel},
          KernelSet::kDsp};
}

}  // namespace

absl::StatusOr<std::vector<LoweredCall>> LowerPolyDepthwise(const Model& model, const Step& step) {
  const std::vector<LoweredCall> none;
  const Op& op = model.graph.ops[step.ops[0]];
  const OpWeights& weights = model.weights[step.ops[0]];
  if (!IsSupported(op, model.graph.input_shape(op))) return none;
  BL_ASSIGN_OR_RETURN(const ConvolutionParams params,
                      PrepareConvolution(op, weights, model.quantization[op.inputs[0]],
                                         model.quantization[op.output]));
  LoweredCall call;
  for (int32_t channel = 0; channel < op.out_channels; ++channel) {
    if (!AppendChannel(op, weights, params, channel, call)) return none;
  }
  const bool clamp = params.range.min > -128 || params.range.max < 127;
  call.kernel = KernelName(op.window.kernel_h, clamp);
  call.params_type = "bl_depthwise_poly_params";
  call.input = op.inputs[0];
  call.output = op.output;
  call.fields = {{"channels", Field::Kind::kData, 0},
                 {"input_zero_point", Field::Kind::kInteger, params.zero_point_input},
                 {"lowest", Field::Kind::kInteger, params.range.min},
                 {"highest", Field::Kind::kInteger, params.range.max}};
  std::vector<LoweredCall> calls;
  calls.push_back(std::move(call));
  return calls;
}

const std::vector<KernelObject>& PolyKernelObjects() {
  static const auto* const kObjects = new std::vector<KernelObject>{
      MakeObject(5, false), MakeObject(5, true), MakeObject(7, false), MakeObject(7, true)};
  return *kObjects;
}

}  // namespace boardloop
