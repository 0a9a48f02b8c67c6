#include "firmware/codegen/engine_program.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "firmware/codegen/tiling.h"
#include "firmware/engine/engine.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

constexpr int64_t kWord = 4;
constexpr int64_t kGeometryWords = 16;  // Members of bl_geometry.

int64_t ParameterBytes(const std::vector<Field>& fields) {
  return kWord * (kGeometryWords + static_cast<int64_t>(fields.size()));
}

// Concatenates the data of calls, each 4-byte aligned; what is equal is stored once.
class ConstantPool {
 public:
  struct Added {
    int64_t offset = 0;
    bool is_new = false;
  };

  explicit ConstantPool(std::vector<uint8_t>& bytes) : bytes_(bytes) {}

  Added Add(const std::vector<uint8_t>& data) {
    if (data.empty()) return {};
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    auto [it, is_new] = offsets_.emplace(std::string(data.begin(), data.end()),
                                         static_cast<int64_t>(bytes_.size()));
    if (is_new) bytes_.insert(bytes_.end(), data.begin(), data.end());
    return {it->second, is_new};
  }

 private:
  std::vector<uint8_t>& bytes_;
  std::map<std::string, int64_t> offsets_;
};

// "CONV_2D + ADD"
std::string StepOps(const Graph& graph, const Step& step) {
  std::string text;
  for (int32_t op : step.ops) {
    if (!text.empty()) text += " + ";
    text += OpKindName(graph.ops[op].kind);
  }
  return text;
}

class ProgramMaker {
 public:
  ProgramMaker(const Model& model, const Plan& plan, KernelSet kernels)
      : model_(model),
        graph_(model.graph),
        plan_(plan),
        kernels_(kernels),
        placement_of_(graph_.tensors.size(), nullptr),
        pool_(program_.constants) {
    for (const Placement& placement : plan.placements) placement_of_[placement.tensor] = &placement;
  }

  absl::StatusOr<EngineProgram> Make() {
    BL_RETURN_IF_ERROR(CheckEnds());
    program_.name = graph_.name;
    program_.region_bytes = plan_.region_bytes;
    program_.input_mode = plan_.input;
    program_.input_shape = graph_.shape(graph_.input);
    program_.input_quantization = model_.quantization[graph_.input];
    program_.output_quantization = model_.quantization[graph_.outputs[0]];
    if (plan_.input == InputMode::kResident) program_.input = Address(graph_.input);
    program_.output = Address(graph_.outputs[0]);
    program_.output_bytes = graph_.shape(graph_.outputs[0]).elements();
    const auto steps = static_cast<int32_t>(plan_.steps.size());
    const int32_t first_steps = FirstStageSteps();
    if (first_steps > 0) BL_RETURN_IF_ERROR(AddStage(0, first_steps, FirstTiling()));
    if (first_steps < steps) BL_RETURN_IF_ERROR(AddStage(first_steps, steps, std::nullopt));
    return std::move(program_);
  }

 private:
  absl::Status CheckEnds() const {
    const int32_t output = graph_.outputs[0];
    if (placement_of_[graph_.input] == nullptr) {
      return absl::InvalidArgumentError("no operator reads the network's input");
    }
    if (output == graph_.input || graph_.tensors[output].constant) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the network's first output is its %s, and no operator computes it",
          output == graph_.input ? "input" : "constant \"" + graph_.tensors[output].name + "\""));
    }
    return absl::OkStatus();
  }

  bool IsStreamed() const { return plan_.input == InputMode::kStreamed; }

  // Steps of the stage that runs in tiles or reads a streamed input; 0: there is none.
  int32_t FirstStageSteps() const {
    const auto patch_steps = static_cast<int32_t>(std::count_if(
        plan_.steps.begin(), plan_.steps.end(), [](const Step& step) { return step.in_patch; }));
    if (patch_steps > 0) return patch_steps;
    return IsStreamed() ? 1 : 0;
  }

  // nullopt: the first stage reads the whole streamed input at once.
  std::optional<Tiling> FirstTiling() const {
    if (plan_.steps[0].in_patch) return PatchTiling(graph_, plan_);
    // The planner gives the input fewer rows than it has where they need not be there together.
    const bool by_rows = placement_of_[graph_.input]->bytes < graph_.shape(graph_.input).elements();
    if (by_rows) return RowTiling(graph_, plan_);
    return std::nullopt;
  }

  ArenaAddress Address(int32_t tensor) const {
    const Placement* placement = placement_of_[tensor];
    CHECK(placement != nullptr) << "tensor " << tensor << " has no place in the arena";
    return {placement->region, placement->offset};
  }

  absl::Status AddStage(int32_t begin, int32_t end, const std::optional<Tiling>& tiling) {
    EngineStage stage;
    if (tiling.has_value()) {
      stage.grid_rows = tiling->grid_rows;
      stage.grid_columns = tiling->grid_columns;
    }
    if (begin == 0 && IsStreamed()) StreamInput(tiling, stage);
    for (int32_t s = begin; s < end; ++s) {
      const Step& step = plan_.steps[s];
      AddStepInfo(step, tiling);
      absl::Status status = AddCalls(s, tiling, stage);
      if (!status.ok()) {
        return Annotate(status, absl::StrFormat("step %d (%s \"%s\")", s, StepOps(graph_, step),
                                                graph_.ops[step.ops[0]].name));
      }
    }
    if (!stage.calls.empty() || !stage.input_rows.empty()) {
      program_.stages.push_back(std::move(stage));
    }
    return absl::OkStatus();
  }

  void StreamInput(const std::optional<Tiling>& tiling, EngineStage& stage) const {
    const Shape& shape = graph_.shape(graph_.input);
    stage.input_buffer = Address(graph_.input);
    if (!tiling.has_value()) {
      stage.input_rows = {{0, shape.height}};
      stage.input_columns = {{0, shape.width}};
      return;
    }
    const size_t tensors = graph_.tensors.size();
    for (int32_t row = 0; row < tiling->grid_rows; ++row) {
      const Range range = tiling->rows[row * tensors + graph_.input];
      stage.input_rows.push_back({range.begin, range.size()});
    }
    for (int32_t column = 0; column < tiling->grid_columns; ++column) {
      const Range range = tiling->columns[column * tensors + graph_.input];
      stage.input_columns.push_back({range.begin, range.size()});
    }
  }

  void AddStepInfo(const Step& step, const std::optional<Tiling>& tiling) {
    StepInfo info;
    info.name = graph_.ops[step.ops[0]].name;
    info.op = StepOps(graph_, step);
    for (int32_t index : step.ops) {
      const Op& op = graph_.ops[index];
      info.macs += tiling.has_value() ? TiledOpMacs(graph_, *tiling, op) : Macs(graph_, op);
    }
    program_.steps.push_back(std::move(info));
  }

  // The values are where they belong already.
  bool IsReshapeInPlace(const Step& step) const {
    const Op& op = graph_.ops[step.ops[0]];
    return op.kind == OpKind::kReshape && placement_of_[op.output]->in_place_of == op.inputs[0];
  }

  absl::Status CheckConstants(const Step& step) const {
    const Op& op = graph_.ops[step.ops[0]];
    const auto constants = std::count_if(op.inputs.begin(), op.inputs.end(), [this](int32_t input) {
      return graph_.tensors[input].constant;
    });
    if (constants == static_cast<int64_t>(op.inputs.size())) {
      return absl::UnimplementedError("all its inputs are constants");
    }
    if (constants > 0 && step.in_patch) {
      return absl::UnimplementedError(
          "an operand is constant, which patches do not cut into tiles");
    }
    return absl::OkStatus();
  }

  absl::Status AddCalls(int32_t index, const std::optional<Tiling>& tiling, EngineStage& stage) {
    const Step& step = plan_.steps[index];
    const Op& op = graph_.ops[step.ops[0]];
    BL_RETURN_IF_ERROR(CheckConstants(step));
    if (IsReshapeInPlace(step)) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(std::vector<LoweredCall> lowered, LowerStep(model_, step, kernels_));
    for (const LoweredCall& call : lowered) {
      BL_ASSIGN_OR_RETURN(EngineCall made, MakeCall(call, step));
      made.step = index;
      program_.steps[index].kernel = made.kernel;
      if (tiling.has_value()) {
        const CallTensors tensors{call.input, call.second, call.output};
        made.rows = TileRows(*tiling, op.window, tensors);
        made.columns = TileColumns(graph_, *tiling, op.window, tensors);
      }
      stage.calls.push_back(std::move(made));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<EngineCall> MakeCall(const LoweredCall& lowered, const Step& step) {
    const int64_t params_bytes = ParameterBytes(lowered.fields);
    if (params_bytes > BL_MAX_PARAMS_BYTES) {
      return absl::InternalError(absl::StrFormat("the parameters of %s take %d B, at most %d fit",
                                                 lowered.kernel, params_bytes,
                                                 BL_MAX_PARAMS_BYTES));
    }
    EngineCall call;
    call.kernel = lowered.kernel;
    call.params_type = lowered.params_type;
    call.geometry = MakeGeometry(lowered, step);
    call.fields = lowered.fields;
    const ConstantPool::Added added = pool_.Add(lowered.data);
    if (added.is_new) program_.weight_bytes += lowered.weight_bytes;
    call.data = added.offset;
    call.data_bytes = static_cast<int64_t>(lowered.data.size());
    call.weight_bytes = lowered.weight_bytes;
    for (Field& field : call.fields) {
      if (field.kind == Field::Kind::kData) field.value += added.offset;
    }
    return call;
  }

  int32_t CompactPitch(int32_t tensor) const {
    return graph_.shape(tensor).width * graph_.shape(tensor).channels;
  }

  Geometry MakeGeometry(const LoweredCall& call, const Step& step) const {
    const Window& window = graph_.ops[step.ops[0]].window;
    Geometry geometry;
    geometry.input = Address(call.input);
    geometry.output = Address(call.output);
    geometry.input_shape = graph_.shape(call.input);
    geometry.output_shape = graph_.shape(call.output);
    geometry.input_pitch = CompactPitch(call.input);
    geometry.output_pitch = CompactPitch(call.output);
    geometry.pad_top = window.pad_top;
    geometry.pad_left = window.pad_left;
    if (call.second >= 0) {
      geometry.second = Address(call.second);
      geometry.second_pitch = CompactPitch(call.second);
    }
    if (step.scratch_bytes > 0) {
      geometry.scratch = ArenaAddress{step.scratch_region, step.scratch_offset};
      geometry.scratch_bytes = static_cast<int32_t>(step.scratch_bytes);
    }
    return geometry;
  }

  const Model& model_;
  const Graph& graph_;
  const Plan& plan_;
  const KernelSet kernels_;
  std::vector<const Placement*> placement_of_;  // By tensor.
  EngineProgram program_;
  ConstantPool pool_;
};

}  // namespace

std::vector<int32_t> EngineProgram::LapSteps() const {
  std::vector<int32_t> laps;
  for (const EngineStage& stage : stages) {
    for (int32_t tile = 0; tile < stage.grid_rows * stage.grid_columns; ++tile) {
      for (const EngineCall& call : stage.calls) laps.push_back(call.step);
    }
  }
  return laps;
}

int64_t EngineProgram::FlashBytes() const {
  constexpr int64_t kAxisBytes = 9 * kWord;       // bl_tile_axis
  constexpr int64_t kTiledCallBytes = 6 * kWord;  // bl_call
  constexpr int64_t kStageBytes = 7 * kWord;      // bl_stage
  constexpr int64_t kRangeBytes = 2 * kWord;      // bl_input_range
  auto bytes = static_cast<int64_t>(constants.size());
  for (const EngineStage& stage : stages) {
    bool tiled = false;
    for (const EngineCall& call : stage.calls) {
      bytes += ParameterBytes(call.fields);
      if (call.rows.empty()) continue;
      tiled = true;
      bytes += kTiledCallBytes;
      bytes += kAxisBytes * static_cast<int64_t>(call.rows.size() + call.columns.size());
    }
    if (!tiled) continue;
    bytes += kStageBytes;
    bytes +=
        kRangeBytes * static_cast<int64_t>(stage.input_rows.size() + stage.input_columns.size());
  }
  return bytes;
}

std::vector<std::string> EngineProgram::Kernels() const {
  std::set<std::string> kernels;
  for (const EngineStage& stage : stages) {
    for (const EngineCall& call : stage.calls) kernels.insert(call.kernel);
  }
  return {kernels.begin(), kernels.end()};
}

absl::StatusOr<EngineProgram> MakeEngineProgram(const Model& model, const Plan& plan,
                                                KernelSet kernels) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  BL_RETURN_IF_ERROR(Annotate(CheckPlan(model.graph, plan), "the plan is not one of this model"));
  return ProgramMaker(model, plan, kernels).Make();
}

}  // namespace boardloop
