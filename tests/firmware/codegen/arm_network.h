// Runs an EngineProgram on a Cortex-M4 or M7 under QEMU: as a generated image, and as a call table
// beside the kernels (with its real constants in the place of the random ones).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "firmware/codegen/engine_program.h"

namespace boardloop {

// Whether compiler and QEMU are installed; tests skip themselves otherwise.
bool CanRunArm();

enum class ArmMode { kImage, kResident };

// The outputs for `inputs`.
//
// INTERNAL  the compiler, the table's writer or the program failed
absl::StatusOr<std::vector<std::vector<int8_t>>> RunOnArm(
    const EngineProgram& program, ArmMode mode, const std::vector<std::vector<int8_t>>& inputs);

}  // namespace boardloop
