// Cases for kernels: one step of a small random model, and what core/quant computes for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"

namespace boardloop {

enum class CaseKind {
  kConvolution,  // Any window but pointwise.
  kPointwise,
  kConvolutionAdd,  // Fused with the ADD of a shortcut.
  kPointwiseAdd,
  kDepthwise,
  kFullyConnected,
  kAdd,
  kMul,
  kAveragePool,
  kMaxPool,
  kMean,
  kPad,
  kSoftmax,
  kReshape,
  kConcat,
  kResizeNearest,
  kQuantize,
  kHardSwish,
  kSigmoid,
};
inline constexpr int kCaseKinds = 19;

const char* CaseKindName(CaseKind kind);

struct KernelCase {
  std::string label;  // "depthwise seed 17: 9x4x5 -> 5x2x5, window 3x3 stride 2"
  uint64_t seed = 0;
  Model model;
  Step step;                                // The last operators of the model.
  std::vector<std::vector<int8_t>> values;  // By tensor, as core/quant computes them.

  const Op& first_op() const { return model.graph.ops[step.ops[0]]; }
  const Op& last_op() const { return model.graph.ops[step.ops.back()]; }
};

struct CaseLimits {
  int32_t height = 12, width = 12, channels = 20;
};

// A random case: shapes, windows, paddings, scales, zero points, activations and weights, with the
// extremes (-128, multipliers above 1) more often than chance would have them.
KernelCase MakeKernelCase(CaseKind kind, uint64_t seed, const CaseLimits& limits = {});

// The case of one step of any model, for inputs from `seed`.
//
// INVALID_ARGUMENT  core/quant refuses the model
absl::StatusOr<KernelCase> MakeCaseOf(Model model, Step step, uint64_t seed);

// Seeds that a suite tries for each kind: BL_KERNEL_SEEDS in the environment, or `normally`.
int KernelSeeds(int normally);

}  // namespace boardloop
