// What the lowerings to ARMv7E-M kernels share: the fast requantization and words of data.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"
#include "core/quant/fixed_point.h"
#include "core/quant/requantization.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

// TFLite's requantization in the four instructions that firmware/engine/dsp_kernels.h describes.
struct DspRequantization {
  int32_t multiplier = 0;
  int32_t rounding = 0;  // 2^(shift - 1) + (zero point << shift)
  int32_t shift = 1;     // At least 1.
  int64_t bound = 0;     // No result is larger in absolute value, before it is clamped.
};

// sum_bound   the largest absolute value of the sum
// zero_point  of the output, plus 128 where results are packed as unsigned bytes
//
// Nothing when the four instructions do not give TFLite's result: a multiplier of 1/2 or more
// shifts by less than 1; a sum of 2^30 cannot be doubled; zero points shifted far left leave int32.
std::optional<DspRequantization> MakeDspRequantization(const FixedMultiplier& multiplier,
                                                       int64_t sum_bound, int32_t zero_point);

// Largest absolute value of an accumulator, given the sum of the absolute values of its weights.
int64_t DspSumBound(int64_t weight_sum, int32_t bias, int32_t input_zero_point);

// What a channel's sum can be for any input, and what that leaves of its output.
struct DspSumRange {
  int64_t lowest = 0, highest = 0;

  void Add(int32_t weight, int32_t input_zero_point);
};

// The channel's output if it is the same for every sum of the range. Training leaves such channels
// behind: no weights, or a bias that always saturates, with numbers that no kernel takes.
std::optional<int32_t> ConstantDspOutput(const DspSumRange& range,
                                         const FixedMultiplier& multiplier,
                                         int32_t output_zero_point,
                                         const ActivationRange& activation);

// Makes `value` of a sum of 0.
DspRequantization ConstantDspRequantization(int32_t value);

// Requantization of layers behind a ReLU, as firmware/engine/dsp_kernels.h describes it.
struct DspReluRequantization {
  int32_t multiplier = 0;
  int32_t rounding = 0;
  int32_t scale = 0;   // The sum's left shift.
  int32_t offset = 0;  // Added to the sum behind it.
};

// Whether outputs are those of a ReLU whose zero is the lowest int8.
bool IsDspRelu(const ActivationRange& range, int32_t output_zero_point);

// What a kernel's shifts can be.
struct DspReluFormat {
  int32_t fraction;  // Bits of the last shift.
  int32_t least_scale, most_scale;
  bool has_offset;  // Sums start scaled, so that an offset can be part of their start.
};

// zero_point  of the output, plus 128 where results are packed as unsigned bytes
//
// Where the scale would leave the format, the multiplier has fewer bits. Nothing when that does not
// give the same outputs for all sums of the range, or when a scaled sum would leave int32.
std::optional<DspReluRequantization> MakeDspReluRequantization(const FixedMultiplier& multiplier,
                                                               const DspSumRange& range,
                                                               int32_t zero_point,
                                                               const DspReluFormat& format);
// Makes `value` of a sum of 0.
DspReluRequantization ConstantDspReluRequantization(int32_t value, const DspReluFormat& format);

// Appends little-endian words.
void AppendWord(std::vector<uint8_t>& data, int32_t word);
// Multiplier, rounding, shift.
void AppendRequantization(const DspRequantization& requantization, std::vector<uint8_t>& data);

// The families. No calls when a condition is not met.
absl::StatusOr<std::vector<LoweredCall>> LowerDspConvolution(const Model& model, const Step& step);
absl::StatusOr<std::vector<LoweredCall>> LowerDspDepthwise(const Model& model, const Step& step);
absl::StatusOr<std::vector<LoweredCall>> LowerDspFullyConnected(const Model& model,
                                                                const Step& step);

}  // namespace boardloop
