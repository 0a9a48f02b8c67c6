// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: int8 inputs and weights, int32 accumulators, one
// multiplier per output channel, (input scale * filter scale) / output scale.
//
//   acc = bias[c] + sum (q - zp_in) * filter[c][...]      padding adds nothing
//   out = clamp(zp_out + acc * multiplier[c])
//
// Convolutions multiply in fixed point. FULLY_CONNECTED multiplies in double and rounds once, ties
// away from zero: TFLite's reference kernel does since 2025 (docs/quantization.md), and as networks
// have few such outputs, a microcontroller can follow in software.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/quant/fixed_point.h"
#include "core/quant/requantization.h"

namespace boardloop {

struct ConvolutionParams {
  int32_t zero_point_input = 0;
  // By output channel: one of the two, the other is empty.
  std::vector<FixedMultiplier> multipliers;
  std::vector<double> real_multipliers;  // kFullyConnected
  int32_t zero_point_output = 0;
  ActivationRange range;
};

// `op` is a convolution or fully connected and `weights` fit it (ValidateModel).
//
// INVALID_ARGUMENT  a multiplier out of range, or weights whose accumulator could leave int32
absl::StatusOr<ConvolutionParams> PrepareConvolution(const Op& op, const OpWeights& weights,
                                                     const Quantization& input,
                                                     const Quantization& output);

// The host's implementations. Both take the input as int16 with the zero point subtracted and the
// padding in place (zeros), so that inner loops have no bounds and vectorize as multiply-adds of
// int16 pairs. A caller owns that buffer and shares it between operators.

// CONV_2D as a matrix product of patches with weights; FULLY_CONNECTED is a 1x1 convolution of a
// 1x1 image.
class DenseConvolution {
 public:
  DenseConvolution(ConvolutionParams params, const Op& op, const OpWeights& weights,
                   const Shape& input, const Shape& output);

  // int16 values that Run needs as scratch.
  static int64_t ScratchElements(const Op& op, const Shape& input, const Shape& output);

  // input   HWC, output HWC; sizes as the shapes given above
  void Run(absl::Span<const int8_t> input, absl::Span<int8_t> output, int16_t* scratch) const;

 private:
  void GatherPatches(const int16_t* padded, int64_t first, int64_t count, int16_t* patches) const;
  void MultiplyPatches(const int16_t* patches, int64_t count, int8_t* output) const;

  ConvolutionParams params_;
  Shape input_, output_;
  Window window_;
  int64_t depth_;                // kernel_h * kernel_w * in channels, rounded up to a register.
  std::vector<int16_t> filter_;  // [out channels, rounded up to 4][depth_], filled up with zeros
  std::vector<int32_t> bias_;    // By output channel, as long as filter_ has rows.
};

// DEPTHWISE_CONV_2D; output channel c reads input channel c / multiplier.
class DepthwiseConvolution {
 public:
  DepthwiseConvolution(ConvolutionParams params, const Op& op, const OpWeights& weights,
                       const Shape& input, const Shape& output);

  static int64_t ScratchElements(const Op& op, const Shape& input, const Shape& output);
  void Run(absl::Span<const int8_t> input, absl::Span<int8_t> output, int16_t* scratch) const;

 private:
  ConvolutionParams params_;
  Shape input_, output_;
  Window window_;
  std::vector<int16_t> filter_;  // [kernel_h * kernel_w][out channels]
  std::vector<int32_t> bias_;
};

}  // namespace boardloop
