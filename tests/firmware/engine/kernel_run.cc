#include "tests/firmware/engine/kernel_run.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/plan/kernel_table.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

// Rows or columns [begin, end) of a tensor.
struct Range {
  int32_t begin = 0, end = 0;
  int32_t size() const { return end - begin; }
};

struct Area {
  Range rows, columns;
};

// A window of a tensor inside a buffer, which may be larger.
struct View {
  Area area;
  Shape shape;         // Of the area.
  int64_t buffer = 0;  // Offsets in memory.
  int64_t first = 0;   // Of the area's first element.
  int64_t pitch = 0;
  int64_t bytes = 0;  // Of the buffer.
};

bool HasWindow(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
         op.kind == OpKind::kAveragePool || op.kind == OpKind::kMaxPool;
}

// What core/plan/tiles.cc runs in tiles.
bool IsLocal(const KernelCase& c) {
  const Op& op = c.first_op();
  const Graph& graph = c.model.graph;
  const auto constant = [&](int32_t tensor) { return graph.tensors[tensor].constant; };
  switch (op.kind) {
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return true;
    case OpKind::kAdd:
    case OpKind::kMul:
      return graph.input_shape(op, 0) == graph.input_shape(op, 1) && !constant(op.inputs[0]) &&
             !constant(op.inputs[1]);
    case OpKind::kConcat:
      return op.axis == Axis::kChannels &&
             std::none_of(op.inputs.begin(), op.inputs.end(), constant);
    default:
      return HasWindow(op);
  }
}

// Whether the plan may put the output of the step over `tensor` (core/plan/schedule.cc).
bool MayOverwrite(const KernelCase& c, int32_t tensor) {
  const Graph& graph = c.model.graph;
  if (graph.tensors[tensor].constant) return false;
  const Op& op = c.first_op();
  if (c.step.ops.size() > 1) return tensor != op.inputs[0];  // The shortcut.
  const Shape& in = graph.shape(tensor);
  const Shape& out = graph.output_shape(op);
  bool possible = false;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    possible |= op.inputs[i] == tensor && CanOverwrite(op, static_cast<int>(i));
  }
  if (!possible) return false;
  if (op.kind == OpKind::kReshape || IsPointwise(op)) return true;
  if (op.kind == OpKind::kDepthwiseConv2d) {
    // With more padding than its window an output lies above all that it reads, and would be
    // written first.
    const Window& w = op.window;
    if (w.pad_top >= w.kernel_h || w.pad_left >= w.kernel_w) return false;
    return out.channels == in.channels && out.height <= in.height && out.width <= in.width;
  }
  return in == out;
}

// Tensors that the step reads, without constants and the result of a fused convolution.
std::vector<int32_t> Reads(const KernelCase& c) {
  std::vector<int32_t> reads;
  for (int32_t index : c.step.ops) {
    for (int32_t input : c.model.graph.ops[index].inputs) {
      const bool inner = c.step.ops.size() > 1 && input == c.first_op().output;
      if (inner || c.model.graph.tensors[input].constant) continue;
      if (std::find(reads.begin(), reads.end(), input) == reads.end()) reads.push_back(input);
    }
  }
  return reads;
}

// What a window needs for `out`, cut off at the input's `extent`, as core/plan/tiles.cc does it.
Range WindowInput(Range out, int32_t kernel, int32_t stride, int32_t pad, int32_t extent) {
  const int32_t begin = std::clamp(out.begin * stride - pad, 0, extent - 1);
  const int32_t end = std::clamp((out.end - 1) * stride - pad + kernel, begin + 1, extent);
  return {begin, end};
}

class RunMaker {
 public:
  RunMaker(const KernelCase& c, const std::vector<LoweredCall>& calls, const Variant& variant)
      : case_(c), calls_(calls), variant_(variant), random_(Random::ForItem(c.seed, 77)) {}

  KernelRun Make() {
    run_.label = case_.label + absl::StrFormat("%s%s, scratch %g", variant_.tile ? ", tile" : "",
                                               variant_.in_place_of >= 0
                                                   ? absl::StrFormat(", in place of tensor %d",
                                                                     variant_.in_place_of)
                                                   : "",
                                               variant_.scratch);
    ChooseAreas();
    PlaceViews();
    FillMemory();
    for (const LoweredCall& call : calls_) AddCall(call);
    return std::move(run_);
  }

 private:
  const Graph& graph() const { return case_.model.graph; }
  int32_t output() const { return case_.last_op().output; }

  Range RandomRange(int32_t extent) {
    const auto begin = static_cast<int32_t>(random_.Below(extent));
    return {begin, static_cast<int32_t>(random_.Between(begin + 1, extent))};
  }

  Area Whole(int32_t tensor) const {
    const Shape& shape = graph().shape(tensor);
    return {{0, shape.height}, {0, shape.width}};
  }

  void ChooseAreas() {
    Area out = Whole(output());
    if (variant_.tile) out = {RandomRange(out.rows.end), RandomRange(out.columns.end)};
    views_[output()].area = out;
    const Op& op = case_.first_op();
    const Window& w = op.window;
    for (int32_t tensor : Reads(case_)) {
      Area& area = views_[tensor].area;
      area = variant_.tile ? out : Whole(tensor);
      if (variant_.tile && HasWindow(op) && tensor == op.inputs[0]) {
        const Shape& in = graph().shape(tensor);
        area = {WindowInput(out.rows, w.kernel_h, w.stride_h, w.pad_top, in.height),
                WindowInput(out.columns, w.kernel_w, w.stride_w, w.pad_left, in.width)};
      }
    }
    for (auto& [tensor, view] : views_) {
      view.shape = {view.area.rows.size(), view.area.columns.size(),
                    graph().shape(tensor).channels};
    }
  }

  // Lays out one view in a buffer of its own, `margins` rows and columns larger.
  void ShapeView(View& view, bool margins) {
    int32_t top = 0, left = 0, bottom = 0, right = 0;
    if (margins) {
      for (int32_t* side : {&top, &left, &bottom, &right}) {
        *side = static_cast<int32_t>(random_.Below(3));
      }
    }
    view.pitch = int64_t{left + view.shape.width + right} * view.shape.channels;
    view.first = top * view.pitch + int64_t{left} * view.shape.channels;
    view.bytes = (top + view.shape.height + bottom) * view.pitch;
  }

  void PlaceViews() {
    std::vector<View*> buffers;
    for (auto& [tensor, view] : views_) {
      ShapeView(view, variant_.tile);
      if (tensor != output() || variant_.in_place_of < 0) buffers.push_back(&view);
    }
    View& out = views_[output()];
    if (variant_.in_place_of >= 0) {
      // Compact, from the start of the buffer that it overwrites.
      ShapeView(out, false);
      View& over = views_[variant_.in_place_of];
      over.bytes = std::max(over.bytes, out.bytes);
    }
    View scratch;
    scratch.bytes = ScratchBytes();
    if (scratch.bytes > 0) buffers.push_back(&scratch);
    for (size_t i = buffers.size(); i > 1; --i) {
      std::swap(buffers[i - 1], buffers[random_.Below(i)]);
    }
    int64_t end = 0;
    for (View* view : buffers) {
      view->buffer = (end + 3) / 4 * 4 + 4 * random_.Between(1, 3);
      end = view->buffer + view->bytes;
    }
    if (variant_.in_place_of >= 0) out.buffer = views_[variant_.in_place_of].buffer;
    run_.memory.resize((end + 3) / 4 * 4);
    run_.scratch_begin = scratch.buffer;
    run_.scratch_end = scratch.buffer + scratch.bytes;
  }

  int64_t ScratchBytes() const {
    const Op& op = case_.first_op();
    const auto in = views_.find(op.inputs[0]);
    if (in == views_.end()) return 0;
    Shape out_shape = views_.at(output()).shape;
    const Scratch scratch = KernelScratch(op, in->second.shape, out_shape);
    const auto more =
        static_cast<int64_t>(variant_.scratch * static_cast<double>(scratch.most - scratch.least));
    return scratch.least + more / 4 * 4;
  }

  // Calls `visit(offset in memory, index of the tensor's value)` for each row of the view.
  template <typename Visit>
  void ForEachRow(int32_t tensor, Visit visit) const {
    const View& view = views_.at(tensor);
    const Shape& shape = graph().shape(tensor);
    for (int32_t y = 0; y < view.shape.height; ++y) {
      const int64_t index =
          (int64_t{view.area.rows.begin + y} * shape.width + view.area.columns.begin) *
          shape.channels;
      visit(view.buffer + view.first + y * view.pitch, index);
    }
  }

  void CopyValues(int32_t tensor, std::vector<uint8_t>& memory) const {
    const View& view = views_.at(tensor);
    const int64_t row_bytes = int64_t{view.shape.width} * view.shape.channels;
    ForEachRow(tensor, [&](int64_t offset, int64_t index) {
      std::memcpy(&memory[offset], &case_.values[tensor][index], row_bytes);
    });
  }

  void FillMemory() {
    for (uint8_t& byte : run_.memory) byte = static_cast<uint8_t>(random_.Next());
    for (const auto& [tensor, view] : views_) {
      if (tensor != output()) CopyValues(tensor, run_.memory);
    }
    run_.expected = run_.memory;
    CopyValues(output(), run_.expected);
  }

  void AddCall(const LoweredCall& call) {
    PreparedCall prepared;
    prepared.kernel = call.kernel;
    prepared.data = call.data;
    AddGeometry(call, prepared.params);
    for (const Field& field : call.fields) {
      const bool data = field.kind == Field::Kind::kData;
      prepared.params.push_back(
          {data ? ParamWord::Kind::kData : ParamWord::Kind::kInteger, field.value});
    }
    run_.calls.push_back(std::move(prepared));
  }

  // bl_geometry, in its order.
  void AddGeometry(const LoweredCall& call, std::vector<ParamWord>& params) const {
    using Kind = ParamWord::Kind;
    const View& in = views_.at(call.input);
    const View& out = views_.at(call.output);
    const View* second = call.second >= 0 ? &views_.at(call.second) : nullptr;
    const auto pointer = [&](const View* view) {
      params.push_back(view == nullptr ? ParamWord{Kind::kNull, 0}
                                       : ParamWord{Kind::kMemory, view->buffer + view->first});
    };
    const auto integer = [&](int64_t value) { params.push_back({Kind::kInteger, value}); };
    pointer(&in);
    pointer(second);
    pointer(&out);
    const int64_t scratch = run_.scratch_end - run_.scratch_begin;
    params.push_back({scratch > 0 ? Kind::kMemory : Kind::kNull, run_.scratch_begin});
    integer(scratch);
    for (const View* view : {&in, &out}) {
      integer(view->shape.height);
      integer(view->shape.width);
      integer(view->shape.channels);
    }
    integer(in.pitch);
    integer(second == nullptr ? 0 : second->pitch);
    integer(out.pitch);
    const Op& op = case_.first_op();
    const Window& w = op.window;
    const bool window = HasWindow(op);
    integer(window ? in.area.rows.begin - (out.area.rows.begin * w.stride_h - w.pad_top) : 0);
    integer(window ? in.area.columns.begin - (out.area.columns.begin * w.stride_w - w.pad_left)
                   : 0);
  }

  const KernelCase& case_;
  const std::vector<LoweredCall>& calls_;
  const Variant variant_;
  Random random_;
  std::map<int32_t, View> views_;  // By tensor.
  KernelRun run_;
};

}  // namespace

std::vector<Variant> VariantsOf(const KernelCase& c) {
  std::vector<int32_t> targets = {-1};
  for (int32_t tensor : Reads(c)) {
    if (MayOverwrite(c, tensor)) targets.push_back(tensor);
  }
  const bool chooses_scratch = c.first_op().kind == OpKind::kDepthwiseConv2d;
  std::vector<Variant> variants;
  for (int32_t target : targets) {
    for (bool tile : {false, true}) {
      if (tile && !IsLocal(c)) continue;
      for (double scratch : {1.0, 0.5, 0.0}) {
        if (scratch == 1.0 || chooses_scratch) variants.push_back({tile, target, scratch});
      }
    }
  }
  return variants;
}

KernelRun MakeRun(const KernelCase& kernel_case, const std::vector<LoweredCall>& calls,
                  const Variant& variant) {
  return RunMaker(kernel_case, calls, variant).Make();
}

std::string Difference(const KernelRun& run, const uint8_t* memory) {
  for (size_t i = 0; i < run.memory.size(); ++i) {
    const auto offset = static_cast<int64_t>(i);
    if (offset >= run.scratch_begin && offset < run.scratch_end) continue;
    if (memory[i] == run.expected[i]) continue;
    const bool ours = run.expected[i] != run.memory[i];
    return absl::StrFormat("byte %d of %d is %d, must be %d (before the call: %d%s)", i,
                           run.memory.size(), static_cast<int8_t>(memory[i]),
                           static_cast<int8_t>(run.expected[i]), static_cast<int8_t>(run.memory[i]),
                           ours ? "" : ", unchanged");
  }
  return "";
}

}  // namespace boardloop
