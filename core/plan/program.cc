#include "core/plan/program.h"

#include <algorithm>

namespace boardloop {
namespace {

class ProgramMaker {
 public:
  ProgramMaker(const Graph& graph, const Schedule& schedule, const TileStage* stage,
               InputMode input)
      : graph_(graph),
        schedule_(schedule),
        stage_(stage),
        stage_steps_(stage == nullptr ? 0 : stage->prefix.steps),
        input_(input),
        placement_of_(graph.tensors.size(), -1) {}

  Program Make() {
    program_.placements.reserve(schedule_.steps.size() + 1);
    if (schedule_.first[graph_.input] >= 0) {
      AddTensor(graph_.input, InputBytes(), 0, InputLastStep(), /*overwrites=*/-1);
    }
    for (int32_t s = 0; s < static_cast<int32_t>(schedule_.steps.size()); ++s) AddOutputOf(s);
    program_.tensor_buffers = static_cast<int32_t>(program_.buffers.size());
    for (int32_t s = 0; s < static_cast<int32_t>(schedule_.steps.size()); ++s) AddScratchOf(s);
    return std::move(program_);
  }

 private:
  // The tensor that the patch stage assembles tile by tile.
  bool IsStageOutput(int32_t step) const { return step == stage_steps_ - 1; }

  int32_t InputLastStep() const {
    // Every tile reads the resident image; a streamed tile is used up like any tensor.
    if (stage_ != nullptr && input_ == InputMode::kResident) return stage_steps_ - 1;
    return schedule_.last[graph_.input];
  }

  int64_t InputBytes() const {
    const Shape& shape = graph_.shape(graph_.input);
    if (input_ == InputMode::kResident) return shape.elements();
    if (stage_ != nullptr) return LargestTile(graph_, *stage_, graph_.input).elements();
    // Layer by layer: the rows under the window of the first operator, if it alone reads the input.
    const ScheduledStep& first = schedule_.steps[0];
    const Op& op = graph_.ops[first.ops[0]];
    bool windowed = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
                    op.kind == OpKind::kAveragePool || op.kind == OpKind::kMaxPool;
    if (!windowed || op.inputs[0] != graph_.input || schedule_.last[graph_.input] != 0 ||
        first.ops.size() > 1) {
      return shape.elements();
    }
    return int64_t{std::min(op.window.kernel_h, shape.height)} * shape.width * shape.channels;
  }

  // The shape in which one execution of `step` sees `tensor`.
  Shape ShapeAt(int32_t step, int32_t tensor) const {
    if (stage_ == nullptr || step >= stage_steps_) return graph_.shape(tensor);
    return LargestTile(graph_, *stage_, tensor);
  }

  void AddOutputOf(int32_t step) {
    const ScheduledStep& scheduled = schedule_.steps[step];
    int32_t tensor = scheduled.writes;
    if (IsStageOutput(step)) {
      // Earlier tiles wrote their part already: it lives from the first step on, in its own bytes.
      AddTensor(tensor, graph_.shape(tensor).elements(), 0, schedule_.last[tensor], -1);
      return;
    }
    int32_t overwrites = scheduled.overwrites;
    // The input is not ours to overwrite while other tiles need it, or when it is a window of rows.
    if (overwrites == graph_.input && (stage_ != nullptr || input_ == InputMode::kStreamed)) {
      overwrites = -1;
    }
    AddTensor(tensor, ShapeAt(step, tensor).elements(), step, schedule_.last[tensor], overwrites);
  }

  void AddTensor(int32_t tensor, int64_t bytes, int32_t first, int32_t last, int32_t overwrites) {
    placement_of_[tensor] = static_cast<int32_t>(program_.placements.size());
    program_.placements.push_back(Placement{tensor, 0, bytes, 0, first, last, overwrites});
    if (overwrites < 0) {
      program_.buffer.push_back(static_cast<int32_t>(program_.buffers.size()));
      program_.buffers.push_back(ArenaBuffer{{Extent{first, last, bytes}}});
      return;
    }
    int32_t buffer = program_.buffer[placement_of_[overwrites]];
    program_.buffer.push_back(buffer);
    Overwrite(Extent{first, last, bytes}, program_.buffers[buffer]);
  }

  // Appends a tensor to the buffer it is computed in; during that step the larger of the two
  // counts.
  static void Overwrite(Extent out, ArenaBuffer& buffer) {
    Extent& in = buffer.extents.back();
    if (out.bytes > in.bytes) {
      in.last = out.first - 1;
      if (in.last < in.first) buffer.extents.pop_back();
    } else {
      out.first += 1;
    }
    if (out.first <= out.last) buffer.extents.push_back(out);
  }

  void AddScratchOf(int32_t step) {
    const ScheduledStep& scheduled = schedule_.steps[step];
    const Op& op = graph_.ops[scheduled.ops[0]];
    Scratch scratch = KernelScratch(op, ShapeAt(step, op.inputs[0]), ShapeAt(step, op.output));
    program_.scratch.push_back(scratch);
    program_.scratch_buffer.push_back(-1);
    if (scratch.least == 0) return;
    program_.scratch_buffer.back() = static_cast<int32_t>(program_.buffers.size());
    program_.buffers.push_back(ArenaBuffer{{Extent{step, step, scratch.least}}});
  }

  const Graph& graph_;
  const Schedule& schedule_;
  const TileStage* stage_;
  const int32_t stage_steps_;
  const InputMode input_;
  std::vector<int32_t> placement_of_;  // By tensor.
  Program program_;
};

}  // namespace

Program MakeProgram(const Graph& graph, const Schedule& schedule, const TileStage* stage,
                    InputMode input) {
  return ProgramMaker(graph, schedule, stage, input).Make();
}

}  // namespace boardloop
