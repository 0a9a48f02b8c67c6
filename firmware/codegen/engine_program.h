// A model and its plan as the engine will run it: stages of kernel calls, with every address still
// relative to an arena region or to the constants. From it come C sources (emit_c.h) and the call
// table that the resident image runs (emit_resident.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

// A byte of the arena.
struct ArenaAddress {
  int32_t region = 0;
  int64_t offset = 0;
};

// Mirrors bl_geometry (firmware/engine/engine.h), member by member.
struct Geometry {
  ArenaAddress input;
  std::optional<ArenaAddress> second;
  ArenaAddress output;
  std::optional<ArenaAddress> scratch;
  int32_t scratch_bytes = 0;
  Shape input_shape;  // Of the whole tensors; in a tiled stage rows and columns replace them.
  Shape output_shape;
  int32_t input_pitch = 0, second_pitch = 0, output_pitch = 0;
  int32_t pad_top = 0, pad_left = 0;
};

// Mirrors bl_tile_axis.
struct TileAxis {
  int32_t input_first = 0, input_count = 0;
  int32_t second_first = 0;
  int32_t output_first = 0, output_count = 0;
  int32_t pad = 0;
  int32_t input_pitch = 0, second_pitch = 0, output_pitch = 0;
};

struct EngineCall {
  std::string kernel;
  std::string params_type;
  Geometry geometry;
  std::vector<Field> fields;         // kData values are offsets into EngineProgram::constants, ...
  int64_t data = 0, data_bytes = 0;  // ... within this part of them; calls may share it.
  int64_t weight_bytes = 0;          // Of that data, filter elements.
  int32_t step = 0;
  std::vector<TileAxis> rows, columns;  // Empty outside a tiled stage.
};

struct InputRange {
  int32_t first = 0, count = 0;
};

struct EngineStage {
  std::vector<EngineCall> calls;
  int32_t grid_rows = 1, grid_columns = 1;
  // What a streamed input is asked for; empty where this stage streams nothing.
  std::vector<InputRange> input_rows, input_columns;
  ArenaAddress input_buffer;
};

// A step of the plan, for reports.
struct StepInfo {
  std::string name;    // Of its first operator.
  std::string op;      // "CONV_2D", "CONV_2D + ADD"
  int64_t macs = 0;    // As executed: halos of tiles are counted each time.
  std::string kernel;  // "bl_conv_s8_dsp"; empty where nothing needs to be done.
};

struct EngineProgram {
  std::string name;
  std::vector<EngineStage> stages;
  std::vector<StepInfo> steps;
  std::vector<uint8_t> constants;  // Packed weights, biases, multipliers and tables of all calls.
  int64_t weight_bytes = 0;        // Of `constants`, filter elements.
  std::vector<int64_t> region_bytes;  // Sizes of the arena's regions: as planned.
  InputMode input_mode = InputMode::kResident;
  Shape input_shape;
  Quantization input_quantization, output_quantization;
  ArenaAddress input;   // Of a resident input.
  ArenaAddress output;  // The graph's first output.
  int64_t output_bytes = 0;

  // What it keeps in flash beside code: the constants, and tables of calls, tiles and ranges of a streamed input.
  int64_t FlashBytes() const;
  // Step of each call of the lap hook in one run, in order.
  std::vector<int32_t> LapSteps() const;
  std::vector<std::string> Kernels() const;  // Each once, ascending.
};

// INVALID_ARGUMENT   the model is invalid, or has no output that is computed
// UNIMPLEMENTED      an operator that the engine has no kernel for; the message names it
absl::StatusOr<EngineProgram> MakeEngineProgram(const Model& model, const Plan& plan,
                                                KernelSet kernels);

}  // namespace boardloop
