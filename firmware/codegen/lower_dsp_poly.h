// DEPTHWISE_CONV_2D 5x5 and 7x7 of stride 1 to firmware/engine/dsp/depthwise_poly.S, which makes
// four multiply-adds per instruction.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"
#include "firmware/codegen/kernel_catalog.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

// No calls when the step is not such a convolution, or when the numbers of one of its channels do
// not fit the kernel: sums beyond its lanes, a multiplier of 1/2 or more (DspRequantization).
absl::StatusOr<std::vector<LoweredCall>> LowerPolyDepthwise(const Model& model, const Step& step);

const std::vector<KernelObject>& PolyKernelObjects();

}  // namespace boardloop
