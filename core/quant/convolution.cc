#include "core/quant/convolution.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kDepthUnit = 8;    // int16 values of one 128-bit register.
constexpr int64_t kChannelUnit = 4;  // Output channels and pixels that Dot computes at once.
constexpr int64_t kPixelUnit = 2;
constexpr int64_t kPatchBytes = 16 << 10;  // Patches that wait for the weights: half of a small L1.

int64_t RoundUp(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

double RealMultiplier(float input_scale, float filter_scale, float output_scale) {
  return static_cast<double>(input_scale) * filter_scale / output_scale;
}

// The largest absolute value that the accumulator of `channel` reaches, in any order of summation.
int64_t AccumulatorBound(const Op& op, const OpWeights& weights, int32_t channel,
                         int32_t zero_point) {
  const auto channels = static_cast<int64_t>(op.out_channels);
  const auto elements = static_cast<int64_t>(weights.filter.size());
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  const int64_t step = depthwise ? channels : 1;
  const int64_t begin = depthwise ? channel : channel * (elements / channels);
  const int64_t end = depthwise ? elements : begin + elements / channels;
  int64_t sum = 0;
  for (int64_t i = begin; i < end; i += step) sum += std::abs(int32_t{weights.filter[i]});
  const int32_t largest_input = std::max(128 + zero_point, 127 - zero_point);
  return sum * largest_input + std::abs(int64_t{weights.bias[channel]});
}

Shape PaddedShape(const Shape& input, const Window& window, int32_t channels) {
  return {input.height + window.pad_top + window.pad_bottom,
          input.width + window.pad_left + window.pad_right, channels};
}

// A fully connected operator is a 1x1 convolution of all its inputs as channels.
Shape DenseInput(const Op& op, const Shape& input) {
  if (op.kind != OpKind::kFullyConnected) return input;
  return {1, 1, static_cast<int32_t>(input.elements())};
}

int64_t Depth(const Window& window, const Shape& input) {
  return RoundUp(int64_t{window.kernel_h} * window.kernel_w * input.channels, kDepthUnit);
}

int64_t PatchesAtOnce(int64_t depth) {
  const auto patch_bytes = static_cast<int64_t>(sizeof(int16_t)) * depth;
  return std::max(kPixelUnit, kPatchBytes / patch_bytes);
}

// Writes `input` minus its zero point, framed with zeros; each channel `repeat` times.
void CenterAndPad(absl::Span<const int8_t> input, const Shape& shape, const Window& window,
                  int32_t zero_point, int32_t repeat, int16_t* padded) {
  const Shape padded_shape = PaddedShape(shape, window, shape.channels * repeat);
  const int64_t row = int64_t{padded_shape.width} * padded_shape.channels;
  const int64_t left = int64_t{window.pad_left} * padded_shape.channels;
  const int64_t right = int64_t{window.pad_right} * padded_shape.channels;
  const int64_t values = int64_t{shape.width} * shape.channels;
  const int8_t* in = input.data();
  int16_t* out = std::fill_n(padded, window.pad_top * row, int16_t{0});
  for (int32_t y = 0; y < shape.height; ++y) {
    out = std::fill_n(out, left, int16_t{0});
    if (repeat == 1) {
      for (int64_t i = 0; i < values; ++i) out[i] = static_cast<int16_t>(in[i] - zero_point);
      out += values;
    } else {
      for (int64_t i = 0; i < values; ++i) {
        out = std::fill_n(out, repeat, static_cast<int16_t>(in[i] - zero_point));
      }
    }
    in += values;
    out = std::fill_n(out, right, int16_t{0});
  }
  std::fill_n(out, window.pad_bottom * row, int16_t{0});
}

// Dot products of kPixels patches with kChannelUnit rows of weights, `depth` (a multiple of
// kDepthUnit) long. Spelled out so that compilers keep all sums in registers and use the
// multiply-add of int16 pairs (pmaddwd on x86).
// weights   [kChannelUnit][depth]; patches [kPixels][depth]; bias [kChannelUnit]
// sums      [kPixels][kChannelUnit], bias included
template <int kPixels>
void Dot(const int16_t* patches, const int16_t* weights, const int32_t* bias, int64_t depth,
         int32_t* sums) {
  const int16_t* p0 = patches;
  const int16_t* p1 = patches + (kPixels - 1) * depth;
  const int16_t* w0 = weights;
  const int16_t* w1 = w0 + depth;
  const int16_t* w2 = w1 + depth;
  const int16_t* w3 = w2 + depth;
  int32_t s00 = bias[0], s01 = bias[1], s02 = bias[2], s03 = bias[3];
  int32_t s10 = bias[0], s11 = bias[1], s12 = bias[2], s13 = bias[3];
  for (int64_t i = 0; i < depth; ++i) {
    s00 += int32_t{p0[i]} * w0[i];
    s01 += int32_t{p0[i]} * w1[i];
    s02 += int32_t{p0[i]} * w2[i];
    s03 += int32_t{p0[i]} * w3[i];
    if (kPixels == 1) continue;
    s10 += int32_t{p1[i]} * w0[i];
    s11 += int32_t{p1[i]} * w1[i];
    s12 += int32_t{p1[i]} * w2[i];
    s13 += int32_t{p1[i]} * w3[i];
  }
  sums[0] = s00, sums[1] = s01, sums[2] = s02, sums[3] = s03;
  if (kPixels == 1) return;
  sums[4] = s10, sums[5] = s11, sums[6] = s12, sums[7] = s13;
}

// zero_point + round(sum * multiplier), clamped before the cast: a sum may be beyond int32.
int8_t RequantizeReal(int32_t sum, double multiplier, int32_t zero_point,
                      const ActivationRange& range) {
  const double rounded = std::round(static_cast<double>(sum) * multiplier) + zero_point;
  return static_cast<int8_t>(std::min<double>(std::max<double>(rounded, range.min), range.max));
}

// Outputs of `count` channels from `channel` on. Parameters are copied to locals first: for all the
// compiler knows, a store to `output` changes anything else in memory.
void Requantize(const ConvolutionParams& params, int64_t channel, int64_t count,
                const int32_t* sums, int8_t* output) {
  const ActivationRange range = params.range;
  const int32_t zero_point = params.zero_point_output;
  if (!params.real_multipliers.empty()) {
    const double* multipliers = params.real_multipliers.data() + channel;
    for (int64_t i = 0; i < count; ++i) {
      output[i] = RequantizeReal(sums[i], multipliers[i], zero_point, range);
    }
    return;
  }
  const FixedMultiplier* multipliers = params.multipliers.data() + channel;
  for (int64_t i = 0; i < count; ++i) {
    output[i] = range.Clamp(WrappingAdd(Multiply(sums[i], multipliers[i]), zero_point));
  }
}

}  // namespace

absl::StatusOr<ConvolutionParams> PrepareConvolution(const Op& op, const OpWeights& weights,
                                                     const Quantization& input,
                                                     const Quantization& output) {
  ConvolutionParams params;
  params.zero_point_input = input.zero_point;
  params.zero_point_output = output.zero_point;
  BL_ASSIGN_OR_RETURN(params.range, QuantizeActivation(op.activation, output));
  for (int32_t c = 0; c < op.out_channels; ++c) {
    const int64_t bound = AccumulatorBound(op, weights, c, input.zero_point);
    if (bound > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the accumulator of output channel %d can reach %d, must fit int32", c, bound));
    }
    const double real = RealMultiplier(input.scale, weights.filter_scales[c], output.scale);
    absl::StatusOr<FixedMultiplier> fixed = CheckedMultiplier(real);
    if (!fixed.ok()) return Annotate(fixed.status(), absl::StrFormat("output channel %d", c));
    if (op.kind == OpKind::kFullyConnected) {
      params.real_multipliers.push_back(real);
    } else {
      params.multipliers.push_back(*fixed);
    }
  }
  return params;
}

DenseConvolution::DenseConvolution(ConvolutionParams params, const Op& op, const OpWeights& weights,
                                   const Shape& input, const Shape& output)
    : params_(std::move(params)),
      input_(DenseInput(op, input)),
      output_(output),
      window_(op.kind == OpKind::kFullyConnected ? Window{} : op.window),
      depth_(Depth(window_, input_)) {
  const int64_t channels = output.channels;
  const int64_t taps = static_cast<int64_t>(weights.filter.size()) / channels;
  filter_.resize(RoundUp(channels, kChannelUnit) * depth_);
  for (int64_t c = 0; c < channels; ++c) {
    std::copy_n(weights.filter.begin() + c * taps, taps, filter_.begin() + c * depth_);
  }
  bias_ = weights.bias;
  bias_.resize(RoundUp(channels, kChannelUnit));
}

int64_t DenseConvolution::ScratchElements(const Op& op, const Shape& input, const Shape&) {
  const Shape in = DenseInput(op, input);
  const Window window = op.kind == OpKind::kFullyConnected ? Window{} : op.window;
  const int64_t depth = Depth(window, in);
  return PaddedShape(in, window, in.channels).elements() + PatchesAtOnce(depth) * depth;
}

void DenseConvolution::Run(absl::Span<const int8_t> input, absl::Span<int8_t> output,
                           int16_t* scratch) const {
  CenterAndPad(input, input_, window_, params_.zero_point_input, 1, scratch);
  int16_t* patches = scratch + PaddedShape(input_, window_, input_.channels).elements();
  const int64_t pixels = int64_t{output_.height} * output_.width;
  for (int64_t first = 0; first < pixels; first += PatchesAtOnce(depth_)) {
    const int64_t count = std::min(PatchesAtOnce(depth_), pixels - first);
    GatherPatches(scratch, first, count, patches);
    MultiplyPatches(patches, count, output.data() + first * output_.channels);
  }
}

// Lays out the inputs of output pixels first ... first + count - 1, one row of depth_ values each.
void DenseConvolution::GatherPatches(const int16_t* padded, int64_t first, int64_t count,
                                     int16_t* patches) const {
  const int64_t row = int64_t{PaddedShape(input_, window_, 1).width} * input_.channels;
  const int64_t run = int64_t{window_.kernel_w} * input_.channels;
  for (int64_t pixel = first; pixel < first + count; ++pixel) {
    const int64_t y = pixel / output_.width * window_.stride_h;
    const int64_t x = pixel % output_.width * window_.stride_w;
    const int16_t* source = padded + y * row + x * input_.channels;
    int16_t* patch = patches;
    for (int32_t kernel_y = 0; kernel_y < window_.kernel_h; ++kernel_y) {
      patch = std::copy_n(source + kernel_y * row, run, patch);
    }
    patches += depth_;
    std::fill(patch, patches, int16_t{0});
  }
}

void DenseConvolution::MultiplyPatches(const int16_t* patches, int64_t count,
                                       int8_t* output) const {
  const int64_t channels = output_.channels;
  for (int64_t c = 0; c < channels; c += kChannelUnit) {
    const int16_t* weights = filter_.data() + c * depth_;
    const int64_t channels_here = std::min(kChannelUnit, channels - c);
    for (int64_t pixel = 0; pixel < count; pixel += kPixelUnit) {
      const int64_t pixels_here = std::min(kPixelUnit, count - pixel);
      int32_t sums[kPixelUnit * kChannelUnit];
      const int16_t* patch = patches + pixel * depth_;
      if (pixels_here == kPixelUnit) {
        Dot<kPixelUnit>(patch, weights, bias_.data() + c, depth_, sums);
      } else {
        Dot<1>(patch, weights, bias_.data() + c, depth_, sums);
      }
      for (int64_t p = 0; p < pixels_here; ++p) {
        Requantize(params_, c, channels_here, sums + p * kChannelUnit,
                   output + (pixel + p) * channels + c);
      }
    }
  }
}

DepthwiseConvolution::DepthwiseConvolution(ConvolutionParams params, const Op& op,
                                           const OpWeights& weights, const Shape& input,
                                           const Shape& output)
    : params_(std::move(params)),
      input_(input),
      output_(output),
      window_(op.window),
      filter_(weights.filter.begin(), weights.filter.end()),
      bias_(weights.bias) {}

int64_t DepthwiseConvolution::ScratchElements(const Op& op, const Shape& input,
                                              const Shape& output) {
  return PaddedShape(input, op.window, output.channels).elements();
}

void DepthwiseConvolution::Run(absl::Span<const int8_t> input, absl::Span<int8_t> output,
                               int16_t* scratch) const {
  // With each input channel repeated, output channel c reads channel c of the padded copy.
  const int64_t channels = output_.channels;
  CenterAndPad(input, input_, window_, params_.zero_point_input, output_.channels / input_.channels,
               scratch);
  const int64_t row = PaddedShape(input_, window_, 1).width * channels;
  std::vector<int32_t> sums(channels);
  int8_t* out = output.data();
  for (int32_t y = 0; y < output_.height; ++y) {
    for (int32_t x = 0; x < output_.width; ++x) {
      const int16_t* corner =
          scratch + int64_t{y} * window_.stride_h * row + int64_t{x} * window_.stride_w * channels;
      std::copy(bias_.begin(), bias_.end(), sums.begin());
      const int16_t* weights = filter_.data();
      for (int32_t kernel_y = 0; kernel_y < window_.kernel_h; ++kernel_y) {
        for (int32_t kernel_x = 0; kernel_x < window_.kernel_w; ++kernel_x, weights += channels) {
          const int16_t* values = corner + kernel_y * row + kernel_x * channels;
          for (int64_t c = 0; c < channels; ++c) sums[c] += int32_t{values[c]} * weights[c];
        }
      }
      Requantize(params_, 0, channels, sums.data(), out);
      out += channels;
    }
  }
}

}  // namespace boardloop
