// Operators that only move values.
#include "core/onnx/channels_first.h"
#include "core/onnx/exporter.h"
#include "core/quant/layout.h"

namespace boardloop::onnx {
namespace {

struct Nearest {
  int32_t in, out;
  bool align_corners, half_pixel_centers;

  int32_t Index(int32_t i) const {
    return NearestIndex(i, in, out, align_corners, half_pixel_centers);
  }
  float Factor() const { return static_cast<float>(out) / static_cast<float>(in); }
  // Whether each value is repeated out / in times, or in == out and nothing happens.
  bool Repeats() const {
    if (out % in != 0) return false;
    for (int32_t i = 0; i < out; ++i) {
      if (Index(i) != i / (out / in)) return false;
    }
    return true;
  }
};

Nearest NearestOf(const Graph& graph, const Op& op, Axis axis) {
  return {Extent(graph.input_shape(op), axis), Extent(graph.output_shape(op), axis),
          op.align_corners, op.half_pixel_centers};
}

// Dimension of [1][C][H][W].
int64_t DimensionOf(Axis axis) { return axis == Axis::kHeight ? 2 : axis == Axis::kWidth ? 3 : 1; }

}  // namespace

// With 0, which the zero point stands for.
std::string Exporter::Pad(const Op& op) {
  const Window& w = op.window;
  const std::vector<int64_t> rows = {0, 0, w.pad_top, w.pad_left, 0, 0, w.pad_bottom, w.pad_right};
  const std::string pads = builder_.AddInt64s(names_[op.output] + "/pads", {8}, rows);
  std::string result = Local(op, "float");
  builder_.AddNode("Pad", {Real(op), pads}, result);
  return result;
}

// Ours keeps the order of values with channels last.
std::string Exporter::Reshape(const Op& op) {
  const Shape& out = graph_.output_shape(op);
  std::string value = Real(op);
  if (!SameInBothLayouts(graph_.input_shape(op))) {
    const std::string channels_last = Local(op, "channels_last");
    SetAttribute(builder_.AddNode("Transpose", {value}, channels_last), "perm",
                 std::vector<int64_t>{0, 2, 3, 1});
    value = channels_last;
  }
  const bool same = SameInBothLayouts(out);
  const Dims dims = same ? DimsOf(out) : Dims{1, out.height, out.width, out.channels};
  const std::string shape = builder_.AddInt64s(names_[op.output] + "/shape", {4}, dims);
  std::string reshaped = Local(op, same ? "float" : "reshaped");
  builder_.AddNode("Reshape", {value, shape}, reshaped);
  if (same) return reshaped;
  std::string result = Local(op, "float");
  SetAttribute(builder_.AddNode("Transpose", {reshaped}, result), "perm",
               std::vector<int64_t>{0, 3, 1, 2});
  return result;
}

std::string Exporter::Concat(const Op& op) {
  std::vector<std::string> inputs;
  for (const int32_t input : op.inputs) inputs.push_back(real_[input]);
  std::string result = Local(op, "float");
  SetAttribute(builder_.AddNode("Concat", inputs, result), "axis", DimensionOf(op.axis));
  return result;
}

std::string Exporter::GatherNearest(const Op& op, const std::string& input, Axis axis) {
  const Nearest nearest = NearestOf(graph_, op, axis);
  if (nearest.in == nearest.out && nearest.Repeats()) return input;
  const std::string what = axis == Axis::kHeight ? "rows" : "columns";
  std::vector<int64_t> indices;
  for (int32_t i = 0; i < nearest.out; ++i) indices.push_back(nearest.Index(i));
  const std::string from =
      builder_.AddInt64s(names_[op.output] + "/" + what + "/indices", {nearest.out}, indices);
  std::string result = Local(op, what);
  SetAttribute(builder_.AddNode("Gather", {input, from}, result), "axis", DimensionOf(axis));
  return result;
}

// Which pixel is nearest follows TFLite's float32 arithmetic, and runtimes of ONNX have their own. They
// agree where pixels are repeated; everything else is written as what it copies, index by index.
std::string Exporter::Resize(const Op& op) {
  const Nearest rows = NearestOf(graph_, op, Axis::kHeight);
  const Nearest columns = NearestOf(graph_, op, Axis::kWidth);
  if (!rows.Repeats() || !columns.Repeats()) {
    return GatherNearest(op, GatherNearest(op, Real(op), Axis::kHeight), Axis::kWidth);
  }
  const std::vector<float> factors = {1, 1, rows.Factor(), columns.Factor()};
  const std::string scales = builder_.AddFloats(names_[op.output] + "/scales", {4}, factors);
  std::string result = Local(op, "float");
  NodeProto& node = builder_.AddNode("Resize", {Real(op), "", scales}, result);
  SetAttribute(node, "mode", "nearest");
  SetAttribute(node, "coordinate_transformation_mode", "asymmetric");
  SetAttribute(node, "nearest_mode", "floor");
  return result;
}

}  // namespace boardloop::onnx
