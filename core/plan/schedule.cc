#include "core/plan/schedule.h"

#include <algorithm>

#include "core/plan/kernel_table.h"
#include "core/plan/op_order.h"

namespace boardloop {
namespace {

// Position in the order of the last reader of each tensor; outputs are read after the end.
std::vector<int32_t> LastReaders(const Graph& graph, const std::vector<int32_t>& order) {
  std::vector<int32_t> last(graph.tensors.size(), -1);
  for (size_t i = 0; i < order.size(); ++i) {
    for (int32_t input : graph.ops[order[i]].inputs) last[input] = static_cast<int32_t>(i);
  }
  for (int32_t output : graph.outputs) last[output] = static_cast<int32_t>(order.size());
  return last;
}

// Whether the ADD at position `i` can be fused with the convolution just before it: the
// convolution's result is read by this ADD alone, and the shortcut dies here, so that it can be
// accumulated into.
bool FusesWithPrevious(const Graph& graph, const std::vector<int32_t>& order, size_t i,
                       const std::vector<int32_t>& last_reader) {
  if (i == 0) return false;
  const Op& conv = graph.ops[order[i - 1]];
  const Op& add = graph.ops[order[i]];
  if (conv.kind != OpKind::kConv2d || add.kind != OpKind::kAdd) return false;
  int32_t result = conv.output;
  if (add.inputs[0] != result && add.inputs[1] != result) return false;
  int32_t shortcut = add.inputs[0] == result ? add.inputs[1] : add.inputs[0];
  auto position = static_cast<int32_t>(i);
  return shortcut != result && !graph.tensors[shortcut].constant &&
         graph.shape(shortcut) == graph.shape(result) && last_reader[result] == position &&
         last_reader[shortcut] == position && conv.inputs[0] != shortcut;
}

void AddRead(const Graph& graph, int32_t tensor, ScheduledStep& step) {
  if (graph.tensors[tensor].constant) return;
  if (std::find(step.reads.begin(), step.reads.end(), tensor) != step.reads.end()) return;
  step.reads.push_back(tensor);
}

ScheduledStep SingleStep(const Graph& graph, int32_t op) {
  ScheduledStep step;
  step.ops = {op};
  for (int32_t input : graph.ops[op].inputs) AddRead(graph, input, step);
  step.writes = graph.ops[op].output;
  return step;
}

ScheduledStep FusedStep(const Graph& graph, int32_t conv, int32_t add) {
  ScheduledStep step;
  step.ops = {conv, add};
  AddRead(graph, graph.ops[conv].inputs[0], step);
  int32_t result = graph.ops[conv].output;
  for (int32_t input : graph.ops[add].inputs) {
    if (input == result) continue;
    AddRead(graph, input, step);
    step.overwrites = input;
  }
  step.writes = graph.ops[add].output;
  return step;
}

void FindLifetimes(const Graph& graph, Schedule& schedule) {
  schedule.first.assign(graph.tensors.size(), -1);
  schedule.last.assign(graph.tensors.size(), -1);
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    const ScheduledStep& step = schedule.steps[s];
    for (int32_t tensor : step.reads) schedule.last[tensor] = static_cast<int32_t>(s);
    schedule.first[step.writes] = schedule.last[step.writes] = static_cast<int32_t>(s);
  }
  if (schedule.last[graph.input] >= 0) schedule.first[graph.input] = 0;
  for (int32_t output : graph.outputs) {
    // An output may be the input itself, or a constant, in a degenerate graph.
    if (schedule.first[output] < 0) continue;
    schedule.last[output] = static_cast<int32_t>(schedule.steps.size()) - 1;
  }
}

// The output fits into the input's bytes in the order in which the kernels walk.
bool FitsOver(const Op& op, const Shape& input, const Shape& output) {
  if (op.kind == OpKind::kReshape || IsPointwise(op)) return true;
  if (op.kind == OpKind::kDepthwiseConv2d) {
    // With more padding than its window, an output lies above everything that it reads.
    return output.channels == input.channels && output.height <= input.height &&
           output.width <= input.width && op.window.pad_top < op.window.kernel_h &&
           op.window.pad_left < op.window.kernel_w;
  }
  return input == output;
}

void ChooseOverwrite(const Graph& graph, const Schedule& schedule, int32_t index,
                     ScheduledStep& step) {
  if (step.ops.size() > 1) return;  // A fused step has its shortcut.
  const Op& op = graph.ops[step.ops[0]];
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    int32_t input = op.inputs[i];
    bool is_output =
        std::find(graph.outputs.begin(), graph.outputs.end(), input) != graph.outputs.end();
    if (!graph.tensors[input].constant && !is_output && schedule.last[input] == index &&
        CanOverwrite(op, static_cast<int>(i)) &&
        FitsOver(op, graph.shape(input), graph.output_shape(op))) {
      step.overwrites = input;
      return;
    }
  }
}

}  // namespace

Schedule MakeSchedule(const Graph& graph) {
  const std::vector<int32_t> order = OrderOps(graph);
  const std::vector<int32_t> last_reader = LastReaders(graph, order);
  Schedule schedule;
  schedule.steps.reserve(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (FusesWithPrevious(graph, order, i, last_reader)) {
      schedule.steps.back() = FusedStep(graph, order[i - 1], order[i]);
    } else {
      schedule.steps.push_back(SingleStep(graph, order[i]));
    }
  }
  FindLifetimes(graph, schedule);
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    ChooseOverwrite(graph, schedule, static_cast<int32_t>(s), schedule.steps[s]);
  }
  return schedule;
}

}  // namespace boardloop
