#include "core/plan/flash_use.h"

#include <algorithm>

namespace boardloop {
namespace {

constexpr int64_t kWord = 4;
constexpr int64_t kGeometryWords = 16;   // bl_geometry
constexpr int64_t kChannelWords = 3;     // bl_channel: bias, multiplier, shift
constexpr int64_t kTileAxisWords = 9;    // bl_tile_axis
constexpr int64_t kTiledCallWords = 6;   // bl_call
constexpr int64_t kStageWords = 8;       // bl_stage
constexpr int64_t kInputRangeWords = 2;  // bl_input_range

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// The struct of a call's parameters.
int64_t Call(int64_t members) { return kWord * (kGeometryWords + members); }

// Groups of four channels: convolution.S and fully_connected.c.
struct Groups {
  int64_t count = 0;
  int64_t bytes = 0;  // Filters and starts of sums.
};

Groups GroupsOf(int64_t channels, int64_t taps) {
  constexpr int64_t kGroup = 4;
  constexpr int64_t kStartWords = 4;
  Groups groups;
  groups.count = (channels + kGroup - 1) / kGroup;
  groups.bytes = groups.count * (kWord * kStartWords + kGroup * RoundUp(taps, 4));
  return groups;
}

int64_t Convolution(const Graph& graph, const Op& op) {
  constexpr int64_t kParameters = 17;              // bl_convolution_dsp_params, the larger one
  constexpr int64_t kRequantizationWords = 4 * 3;  // Of a group, without a ReLU.
  const int64_t taps = MacsPerOutput(graph, op);
  const Groups groups = GroupsOf(op.out_channels, taps);
  return Call(kParameters) + groups.bytes + groups.count * kWord * kRequantizationWords;
}

int64_t FullyConnected(const Graph& graph, const Op& op) {
  constexpr int64_t kParameters = 6;
  const Groups groups = GroupsOf(op.out_channels, MacsPerOutput(graph, op));
  return Call(kParameters) + groups.bytes + kWord * kChannelWords * op.out_channels;
}

// Bytes of one channel. Kernels of 5 and 7 at stride 1 keep taps as bytes, the others as pairs of int16; the rest is what the
// portable kernel keeps.
int64_t DepthwiseChannel(const Op& op) {
  const int64_t size = op.window.kernel_h, stride = op.window.stride_h;
  const int64_t portable = size * op.window.kernel_w + kWord * kChannelWords;
  const bool square = size == op.window.kernel_w && stride == op.window.stride_w;
  if (!square) return portable;
  constexpr int64_t kPairHeader = 16, kPolyHeader = 21;
  if (stride == 1 && size == 3) return kPairHeader + kWord * 2 * size;
  if (stride == 1 && (size == 5 || size == 7)) return RoundUp(kPolyHeader + size * size, kWord);
  if (stride == 2 && (size == 3 || size == 5 || size == 7)) {
    return kPairHeader + kWord * size * ((size + 1) / 2);
  }
  return portable;
}

int64_t Depthwise(const Op& op) {
  constexpr int64_t kParameters = 11;  // bl_depthwise_params
  return Call(kParameters) + DepthwiseChannel(op) * op.out_channels + kWord;
}

// Elements of inputs that are constant.
int64_t ConstantInputs(const Graph& graph, const Op& op) {
  int64_t bytes = 0;
  for (const int32_t input : op.inputs) {
    if (graph.tensors[input].constant) bytes += RoundUp(graph.shape(input).elements(), kWord);
  }
  return bytes;
}

// One behind a convolution, into which it is fused, takes less.
int64_t Elementwise(const Graph& graph, const Op& op) {
  constexpr int64_t kParameters = 3, kTerms = 11, kStrides = 6;
  const bool plain = graph.shape(op.inputs[0]) == graph.shape(op.inputs[1]);
  return Call(kParameters) + kWord * (kTerms + (plain ? 0 : kStrides)) + ConstantInputs(graph, op);
}

int64_t Concat(const Graph& graph, const Op& op) {
  constexpr int64_t kParameters = 7;  // Of a call for each input.
  return Call(kParameters) * static_cast<int64_t>(op.inputs.size()) + ConstantInputs(graph, op);
}

int64_t ResizeNearest(const Graph& graph, const Op& op) {
  constexpr int64_t kParameters = 2, kHalfword = 2;
  const Shape& output = graph.output_shape(op);
  return Call(kParameters) + RoundUp(kHalfword * output.height, kWord) +
         RoundUp(kHalfword * output.width, kWord);
}

// Calls of the patch stage: a CONCATENATION has one for each input.
int64_t PatchCalls(const Graph& graph, const Plan& plan) {
  int64_t calls = 0;
  for (const Step& step : plan.steps) {
    if (!step.in_patch) continue;
    const Op& op = graph.ops[step.ops[0]];
    calls += op.kind == OpKind::kConcat ? static_cast<int64_t>(op.inputs.size()) : 1;
  }
  return calls;
}

}  // namespace

int64_t FlashAtMost(const Graph& graph, const Op& op) {
  constexpr int64_t kTable = 256;
  constexpr int64_t kSoftmaxTable = 256 * kWord;
  constexpr int64_t kOtherParameters = 6;  // Pools have the most.
  switch (op.kind) {
    case OpKind::kConv2d:
      return Convolution(graph, op);
    case OpKind::kDepthwiseConv2d:
      return Depthwise(op);
    case OpKind::kFullyConnected:
      return FullyConnected(graph, op);
    case OpKind::kAdd:
    case OpKind::kMul:
      return Elementwise(graph, op);
    case OpKind::kConcat:
      return Concat(graph, op);
    case OpKind::kResizeNearest:
      return ResizeNearest(graph, op);
    case OpKind::kSoftmax:
      return Call(1) + kSoftmaxTable;
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return Call(1) + kTable;
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
    case OpKind::kMean:
    case OpKind::kPad:
    case OpKind::kReshape:
      return Call(kOtherParameters);
  }
  return 0;
}

int64_t FlashAtMost(const Graph& graph) {
  int64_t bytes = 0;
  for (const Op& op : graph.ops) bytes += FlashAtMost(graph, op);
  return bytes;
}

int64_t FlashAtMost(const Graph& graph, const Plan& plan) {
  const int64_t bytes = FlashAtMost(graph);
  const bool streamed = plan.input == InputMode::kStreamed;
  int64_t calls = PatchCalls(graph, plan);
  int64_t tiles = plan.patch.grid;  // By axis.
  if (calls == 0 && streamed) {     // The first step's rows, one after the other at most.
    calls = 1;
    tiles = graph.output_shape(graph.ops[plan.steps[0].ops[0]]).height;
  }
  if (calls == 0) return bytes;
  return bytes + kWord * (calls * (2 * tiles * kTileAxisWords + kTiledCallWords) + kStageWords +
                          (streamed ? 2 * tiles * kInputRangeWords : 0));
}

}  // namespace boardloop
