#include "core/plan/tiles.h"

#include <algorithm>

#include "glog/logging.h"

namespace boardloop {
namespace {

// Whether each output element depends on a window of the inputs at the same place.
bool IsLocal(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kDepthwiseConv2d:
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return true;
    case OpKind::kAdd:
    case OpKind::kMul:
      return graph.input_shape(op, 0) == graph.input_shape(op, 1) &&
             !graph.tensors[op.inputs[0]].constant && !graph.tensors[op.inputs[1]].constant;
    case OpKind::kConcat:
      return op.axis == Axis::kChannels &&
             std::none_of(op.inputs.begin(), op.inputs.end(),
                          [&](int32_t input) { return graph.tensors[input].constant; });
    default:
      return false;
  }
}

bool HasWindow(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
         op.kind == OpKind::kAveragePool || op.kind == OpKind::kMaxPool;
}

// Rows (or columns) of the input, `extent` of them, that a window needs for `out`, clipped.
Range WindowInput(Range out, int32_t kernel, int32_t stride, int32_t pad_before, int32_t extent) {
  int64_t begin = int64_t{out.begin} * stride - pad_before;
  int64_t end = int64_t{out.end - 1} * stride - pad_before + kernel;
  // A window that lies wholly in the padding still gets one row to stand on.
  begin = std::clamp<int64_t>(begin, 0, extent - 1);
  end = std::clamp<int64_t>(end, begin + 1, extent);
  return {static_cast<int32_t>(begin), static_cast<int32_t>(end)};
}

void Include(Range range, Range& needed) {
  if (needed.size() == 0) {
    needed = range;
  } else {
    needed = {std::min(needed.begin, range.begin), std::max(needed.end, range.end)};
  }
}

// Position of the tensor's producer and readers in the schedule.
struct Neighbours {
  const Op* producer = nullptr;
  std::vector<const Op*> readers;
};

Neighbours FindNeighbours(const Graph& graph, int32_t tensor) {
  Neighbours found;
  for (const Op& op : graph.ops) {
    if (op.output == tensor) found.producer = &op;
    if (std::find(op.inputs.begin(), op.inputs.end(), tensor) != op.inputs.end()) {
      found.readers.push_back(&op);
    }
  }
  return found;
}

// Whether `tensor` is inside a block: the output of a depthwise convolution, or of an expansion (a
// pointwise convolution in front of a depthwise one, but not behind another: that is a projection).
bool InsideBlock(const Graph& graph, int32_t tensor) {
  Neighbours at = FindNeighbours(graph, tensor);
  CHECK(at.producer != nullptr);
  if (at.producer->kind == OpKind::kDepthwiseConv2d) return true;
  if (!IsPointwise(*at.producer) || at.readers.size() != 1 ||
      at.readers[0]->kind != OpKind::kDepthwiseConv2d) {
    return false;
  }
  Neighbours before = FindNeighbours(graph, at.producer->inputs[0]);
  return before.producer == nullptr || before.producer->kind != OpKind::kDepthwiseConv2d;
}

bool IsGraphOutput(const Graph& graph, int32_t tensor) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), tensor) != graph.outputs.end();
}

// Whether only the last tensor of schedule.steps[0 .. steps) is read behind them.
bool OnlyLastTensorCrosses(const Graph& graph, const Schedule& schedule, int32_t steps) {
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    bool crosses = schedule.first[t] >= 0 && schedule.first[t] < steps && schedule.last[t] >= steps;
    if (crosses && static_cast<int32_t>(t) != schedule.steps[steps - 1].writes) return false;
  }
  return true;
}

// Ranges of one direction for one tile: from the output range back to the input.
void PropagateBack(const Graph& graph, const Schedule& schedule, int32_t steps, bool rows,
                   Range* needed) {
  for (int32_t s = steps - 1; s >= 0; --s) {
    const ScheduledStep& step = schedule.steps[s];
    // A fused step: first the ADD, then the convolution whose result it takes.
    for (auto it = step.ops.rbegin(); it != step.ops.rend(); ++it) {
      const Op& op = graph.ops[*it];
      const Range out = needed[op.output];
      for (size_t i = 0; i < op.inputs.size(); ++i) {
        const Shape& in = graph.input_shape(op, static_cast<int>(i));
        const Window& w = op.window;
        Range range = out;
        if (HasWindow(op)) {
          range = rows ? WindowInput(out, w.kernel_h, w.stride_h, w.pad_top, in.height)
                       : WindowInput(out, w.kernel_w, w.stride_w, w.pad_left, in.width);
        }
        Include(range, needed[op.inputs[i]]);
      }
    }
  }
}

}  // namespace

std::vector<Prefix> TiledPrefixes(const Graph& graph, const Schedule& schedule) {
  std::vector<Prefix> prefixes;
  int32_t blocks = 0;
  // The last step stays outside: something has to read the full tensor.
  for (int32_t s = 0; s + 1 < static_cast<int32_t>(schedule.steps.size()); ++s) {
    const ScheduledStep& step = schedule.steps[s];
    for (int32_t op : step.ops) {
      if (!IsLocal(graph, graph.ops[op])) return prefixes;
    }
    if (IsGraphOutput(graph, step.writes)) return prefixes;
    if (InsideBlock(graph, step.writes)) continue;
    if (!OnlyLastTensorCrosses(graph, schedule, s + 1)) continue;
    prefixes.push_back({s + 1, ++blocks});
    if (blocks == kMaxTiledBlocks) break;
  }
  return prefixes;
}

TileStage MakeTileStage(const Graph& graph, const Schedule& schedule, const Prefix& prefix,
                        int32_t grid) {
  const size_t tensors = graph.tensors.size();
  TileStage stage{prefix, grid, {}, {}};
  stage.rows.resize(grid * tensors);
  stage.columns.resize(grid * tensors);
  int32_t last = schedule.steps[prefix.steps - 1].writes;
  const Shape& shape = graph.shape(last);
  CHECK(shape.height >= grid && shape.width >= grid);
  for (int32_t tile = 0; tile < grid; ++tile) {
    auto part = [&](int32_t extent) {
      return Range{extent * tile / grid, extent * (tile + 1) / grid};
    };
    Range* rows = &stage.rows[tile * tensors];
    Range* columns = &stage.columns[tile * tensors];
    rows[last] = part(shape.height);
    columns[last] = part(shape.width);
    PropagateBack(graph, schedule, prefix.steps, /*rows=*/true, rows);
    PropagateBack(graph, schedule, prefix.steps, /*rows=*/false, columns);
  }
  return stage;
}

Shape LargestTile(const Graph& graph, const TileStage& stage, int32_t tensor) {
  const size_t tensors = graph.tensors.size();
  Shape tile{0, 0, graph.shape(tensor).channels};
  for (int32_t i = 0; i < stage.grid; ++i) {
    tile.height = std::max(tile.height, stage.rows[i * tensors + tensor].size());
    tile.width = std::max(tile.width, stage.columns[i * tensors + tensor].size());
  }
  return tile;
}

int64_t TiledMacs(const Graph& graph, const Schedule& schedule, const TileStage& stage) {
  const size_t tensors = graph.tensors.size();
  int64_t macs = 0;
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    for (int32_t index : schedule.steps[s].ops) {
      const Op& op = graph.ops[index];
      if (static_cast<int32_t>(s) >= stage.prefix.steps) {
        macs += Macs(graph, op);
        continue;
      }
      int64_t height = 0, width = 0;  // Of all tiles together.
      for (int32_t i = 0; i < stage.grid; ++i) {
        height += stage.rows[i * tensors + op.output].size();
        width += stage.columns[i * tensors + op.output].size();
      }
      macs += MacsPerOutput(graph, op) * height * width * graph.output_shape(op).channels;
    }
  }
  return macs;
}

}  // namespace boardloop
