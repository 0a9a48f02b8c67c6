#include "firmware/codegen/tiling.h"

#include <algorithm>
#include <utility>

namespace boardloop {
namespace {

// One direction of a window.
struct WindowAxis {
  int64_t kernel = 1, stride = 1, pad = 0;
};

// The rows (columns) of a tensor that a tile may use, and which of them its buffer starts with.
struct Held {
  Range range;
  int32_t first = 0;
};

// Sets the view of the input: the part of `in` that lies under the windows of `out`.
void PlaceInput(const WindowAxis& window, const Held& in, Range out, TileAxis& axis) {
  const int64_t begin = out.begin * window.stride - window.pad;
  const int64_t end = (out.end - 1) * window.stride - window.pad + window.kernel;
  if (begin >= in.range.end) {
    // All windows lie in the padding behind the tensor. In front of it they see the same, and a
    // view says how far in front, but not how far behind.
    axis.input_first = in.range.end - 1 - in.first;
    axis.input_count = 1;
    axis.pad = static_cast<int32_t>((out.size() - 1) * window.stride + window.kernel);
    return;
  }
  const int64_t first = std::max<int64_t>(begin, in.range.begin);
  // Windows that lie wholly in front keep one row to stand on.
  const int64_t last = std::max(first + 1, std::min<int64_t>(end, in.range.end));
  axis.input_first = static_cast<int32_t>(first - in.first);
  axis.input_count = static_cast<int32_t>(last - first);
  axis.pad = static_cast<int32_t>(first - begin);
}

TileAxis PlaceCall(const WindowAxis& window, const Held& input, const Held& second,
                   const Held& output) {
  TileAxis axis;
  PlaceInput(window, input, output.range, axis);
  axis.second_first = output.range.begin - second.first;
  axis.output_first = output.range.begin - output.first;
  axis.output_count = output.range.size();
  return axis;
}

Held HeldBy(const Tiling& tiling, const std::vector<Range>& ranges, int32_t tile, int32_t tensor) {
  const size_t tensors = tiling.whole.size();
  const Range range = ranges[tile * tensors + tensor];
  return {range, tiling.whole[tensor] ? 0 : range.begin};
}

// Bytes from one row of the tensor's buffer to the next.
int32_t Pitch(const Graph& graph, const Tiling& tiling, int32_t column, int32_t tensor) {
  const Shape& shape = graph.shape(tensor);
  const int32_t width = tiling.whole[tensor]
                            ? shape.width
                            : HeldBy(tiling, tiling.columns, column, tensor).range.size();
  return width * shape.channels;
}

std::vector<TileAxis> PlaceAll(const Tiling& tiling, const std::vector<Range>& ranges, int32_t grid,
                               const WindowAxis& window, const CallTensors& tensors) {
  std::vector<TileAxis> axes;
  for (int32_t tile = 0; tile < grid; ++tile) {
    const Held output = HeldBy(tiling, ranges, tile, tensors.output);
    const Held second = tensors.second < 0 ? output : HeldBy(tiling, ranges, tile, tensors.second);
    axes.push_back(PlaceCall(window, HeldBy(tiling, ranges, tile, tensors.input), second, output));
    if (tensors.second < 0) axes.back().second_first = 0;
  }
  return axes;
}

}  // namespace

Tiling PatchTiling(const Graph& graph, const Plan& plan) {
  // Tiles ask a schedule only for what each step runs and writes.
  Schedule schedule;
  Prefix prefix{0, plan.patch.blocks};
  for (const Step& step : plan.steps) {
    ScheduledStep scheduled;
    scheduled.ops = step.ops;
    scheduled.writes = graph.ops[step.ops.back()].output;
    schedule.steps.push_back(scheduled);
    if (step.in_patch) ++prefix.steps;
  }
  TileStage stage = MakeTileStage(graph, schedule, prefix, plan.patch.grid);
  Tiling tiling{stage.grid, stage.grid, std::move(stage.rows), std::move(stage.columns), {}};
  tiling.whole.resize(graph.tensors.size());
  tiling.whole[schedule.steps[prefix.steps - 1].writes] = true;
  tiling.whole[graph.input] = plan.input == InputMode::kResident;
  return tiling;
}

Tiling RowTiling(const Graph& graph, const Plan& plan) {
  const Op& op = graph.ops[plan.steps[0].ops[0]];
  const Shape& in = graph.input_shape(op);
  const Shape& out = graph.output_shape(op);
  const size_t tensors = graph.tensors.size();
  Tiling tiling;
  tiling.grid_rows = out.height;
  tiling.rows.resize(out.height * tensors);
  tiling.columns.resize(tensors);
  tiling.columns[op.inputs[0]] = {0, in.width};
  tiling.columns[op.output] = {0, out.width};
  for (int32_t row = 0; row < out.height; ++row) {
    const int64_t begin = int64_t{row} * op.window.stride_h - op.window.pad_top;
    const int64_t first = std::clamp<int64_t>(begin, 0, in.height - 1);
    const int64_t end = std::clamp<int64_t>(begin + op.window.kernel_h, first + 1, in.height);
    tiling.rows[row * tensors + op.inputs[0]] = {static_cast<int32_t>(first),
                                                 static_cast<int32_t>(end)};
    tiling.rows[row * tensors + op.output] = {row, row + 1};
  }
  tiling.whole.resize(tensors);
  tiling.whole[op.output] = true;
  return tiling;
}

std::vector<TileAxis> TileRows(const Tiling& tiling, const Window& window,
                               const CallTensors& tensors) {
  return PlaceAll(tiling, tiling.rows, tiling.grid_rows,
                  {window.kernel_h, window.stride_h, window.pad_top}, tensors);
}

std::vector<TileAxis> TileColumns(const Graph& graph, const Tiling& tiling, const Window& window,
                                  const CallTensors& tensors) {
  std::vector<TileAxis> axes =
      PlaceAll(tiling, tiling.columns, tiling.grid_columns,
               {window.kernel_w, window.stride_w, window.pad_left}, tensors);
  for (int32_t column = 0; column < tiling.grid_columns; ++column) {
    TileAxis& axis = axes[column];
    axis.input_pitch = Pitch(graph, tiling, column, tensors.input);
    axis.output_pitch = Pitch(graph, tiling, column, tensors.output);
    if (tensors.second >= 0) axis.second_pitch = Pitch(graph, tiling, column, tensors.second);
  }
  return axes;
}

int64_t TiledOpMacs(const Graph& graph, const Tiling& tiling, const Op& op) {
  int64_t height = 0, width = 0;  // Of all tiles together.
  for (int32_t row = 0; row < tiling.grid_rows; ++row) {
    height += HeldBy(tiling, tiling.rows, row, op.output).range.size();
  }
  for (int32_t column = 0; column < tiling.grid_columns; ++column) {
    width += HeldBy(tiling, tiling.columns, column, op.output).range.size();
  }
  return MacsPerOutput(graph, op) * height * width * graph.output_shape(op).channels;
}

}  // namespace boardloop
