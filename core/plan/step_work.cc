#include "core/plan/step_work.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/plan/schedule.h"
#include "core/plan/tiles.h"

namespace boardloop {
namespace {

std::string WindowText(const Op& op) {
  const Window& window = op.window;
  if (op.kind != OpKind::kConv2d && op.kind != OpKind::kDepthwiseConv2d &&
      op.kind != OpKind::kAveragePool && op.kind != OpKind::kMaxPool) {
    return "";
  }
  std::string text = absl::StrFormat(" k%d", window.kernel_h);
  if (window.kernel_w != window.kernel_h) absl::StrAppend(&text, "x", window.kernel_w);
  absl::StrAppend(&text, " s", window.stride_h);
  if (window.stride_w != window.stride_h) absl::StrAppend(&text, "x", window.stride_w);
  return text;
}

// The tiles of the patch stage. They ask a schedule only for what each step runs and writes.
std::optional<TileStage> PatchStage(const Graph& graph, const Plan& plan) {
  Schedule schedule;
  Prefix prefix{0, plan.patch.blocks};
  for (const Step& step : plan.steps) {
    ScheduledStep scheduled;
    scheduled.ops = step.ops;
    scheduled.writes = graph.ops[step.ops.back()].output;
    schedule.steps.push_back(scheduled);
    if (step.in_patch) ++prefix.steps;
  }
  if (prefix.steps == 0) return std::nullopt;
  return MakeTileStage(graph, schedule, prefix, plan.patch.grid);
}

// Sums over the tiles of a stage (`stage` is nullptr outside of it: one tile, the whole tensor).
class TileSums {
 public:
  TileSums(const Graph& graph, const TileStage* stage) : graph_(graph), stage_(stage) {}

  int64_t calls() const { return stage_ == nullptr ? 1 : int64_t{stage_->grid} * stage_->grid; }

  int64_t Rows(int32_t tensor) const {
    return stage_ == nullptr ? graph_.shape(tensor).height : Sum(stage_->rows, tensor);
  }
  int64_t Pixels(int32_t tensor) const {
    const int64_t columns =
        stage_ == nullptr ? graph_.shape(tensor).width : Sum(stage_->columns, tensor);
    return Rows(tensor) * columns;
  }
  int64_t Elements(int32_t tensor) const { return Pixels(tensor) * graph_.shape(tensor).channels; }
  // Each row of the grid has `grid` tiles.
  int64_t RowsOfTiles(int32_t tensor) const {
    return Rows(tensor) * (stage_ == nullptr ? 1 : stage_->grid);
  }

 private:
  int64_t Sum(const std::vector<Range>& ranges, int32_t tensor) const {
    int64_t sum = 0;
    for (int32_t i = 0; i < stage_->grid; ++i) {
      sum += ranges[i * graph_.tensors.size() + tensor].size();
    }
    return sum;
  }

  const Graph& graph_;
  const TileStage* stage_;
};

StepWork WorkOf(const Graph& graph, const Step& step, const TileSums& tiles) {
  StepWork work;
  work.name = graph.ops[step.ops.front()].name;
  work.calls = tiles.calls();
  for (const int32_t index : step.ops) {
    const Op& op = graph.ops[index];
    const char* separator = work.op.empty() ? "" : " + ";
    absl::StrAppend(&work.op, separator, OpKindName(op.kind));
    absl::StrAppend(&work.kind, separator, OpKindName(op.kind), WindowText(op));
    work.macs += MacsPerOutput(graph, op) * tiles.Elements(op.output);
  }
  for (const int32_t input : graph.ops[step.ops.front()].inputs) {
    work.inputs += tiles.Elements(input);
  }
  const int32_t output = graph.ops[step.ops.back()].output;
  const int64_t channels = graph.shape(output).channels;
  work.outputs = tiles.Elements(output);
  work.pixels = tiles.Pixels(output);
  work.rows = tiles.RowsOfTiles(output) * channels;
  work.channels = channels * work.calls;
  return work;
}

}  // namespace

std::vector<StepWork> WorkOfSteps(const Graph& graph, const Plan& plan) {
  const std::optional<TileStage> stage = PatchStage(graph, plan);
  std::vector<StepWork> works;
  for (const Step& step : plan.steps) {
    const TileStage* tiles = step.in_patch ? &*stage : nullptr;
    works.push_back(WorkOf(graph, step, TileSums(graph, tiles)));
  }
  return works;
}

}  // namespace boardloop
