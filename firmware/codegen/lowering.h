// Lowering: from one step of a plan to calls of the engine's kernels, with packed weights.
//
// Each kernel family has a file that knows its parameter struct, its packing and its conditions:
// lower_portable.cc for the portable C kernels, which take every model; lower_dsp.cc for their
// Cortex-M4 and M7 twins, which ask for more (weights above -128, sums that stay in 24 bits, ...)
// and leave the rest to the portable ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"

namespace boardloop {

enum class KernelSet {
  kPortable,  // C11 only: any target, also the host.
  kDsp,       // ARMv7E-M: Cortex-M4 and M7.
};

// One member of a parameter struct behind its bl_geometry, in order: one 32-bit word on the target.
struct Field {
  enum class Kind {
    kInteger,  // `value`.
    kData,     // Pointer to byte `value` of LoweredCall::data.
  };
  std::string name;  // The member's name in C.
  Kind kind = Kind::kInteger;
  int64_t value = 0;
};

// One call. Its geometry (bl_geometry) is filled in by the generator from tensors and placements.
struct LoweredCall {
  std::string kernel;       // C function: "bl_conv_s8".
  std::string params_type;  // C type of its parameters: "bl_conv_params".
  // Tensors of the views: of the step's operators, never constants. `second` is -1 if unused.
  int32_t input = -1;
  int32_t second = -1;
  int32_t output = -1;
  std::vector<Field> fields;
  // Weights, biases, multipliers, tables: little-endian, its start 4-byte aligned in flash.
  std::vector<uint8_t> data;
  int64_t weight_bytes =
      0;  // Of `data`, filter elements with their padding; the rest is constants.
};

// The calls of a step: one, or one per input of a CONCATENATION.
//
// INVALID_ARGUMENT  a scale or shape that the int8 arithmetic does not represent
absl::StatusOr<std::vector<LoweredCall>> LowerStep(const Model& model, const Step& step,
                                                   KernelSet kernels);

// ---- Between the two files.

absl::StatusOr<std::vector<LoweredCall>> LowerPortable(const Model& model, const Step& step);

// No calls when the step does not meet the conditions of a DSP kernel.
absl::StatusOr<std::vector<LoweredCall>> LowerDsp(const Model& model, const Step& step);

}  // namespace boardloop
