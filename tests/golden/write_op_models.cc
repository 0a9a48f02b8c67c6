// write_op_models DIR: writes one small .tflite per operator and option. Their outputs by LiteRT's
// reference kernels are what the interpreter is tested against (README.md).
#include <array>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/graph/model.h"
#include "core/tflite/tflite.h"

namespace boardloop {
namespace {

using Adjust = std::function<void(Model&)>;

struct Case {
  std::string name;
  std::function<int32_t(GraphBuilder&)> build;  // Returns the output tensor.
  Adjust adjust = nullptr;                      // Of the random model.
};

// ---- Parts of cases.

// Top, bottom, left, right.
Window WindowOf(int32_t kernel_h, int32_t kernel_w, int32_t stride, std::array<int32_t, 4> pad) {
  return {kernel_h, kernel_w, stride, stride, pad[0], pad[1], pad[2], pad[3]};
}

Op OpOf(OpKind kind, Activation activation = Activation::kNone) {
  Op op;
  op.kind = kind;
  op.name = "op";
  op.activation = activation;
  return op;
}

Op WindowOp(OpKind kind, const Window& window, Activation activation, int32_t out_channels = 0) {
  Op op = OpOf(kind, activation);
  op.window = window;
  op.out_channels = out_channels;
  return op;
}

Case Unary(std::string name, const Shape& shape, const Op& op, Adjust adjust = nullptr) {
  auto build = [shape, op](GraphBuilder& builder) {
    Op placed = op;
    placed.inputs = {builder.Input(shape)};
    return builder.Add(placed);
  };
  return {std::move(name), build, std::move(adjust)};
}

// The second operand is a 1x1 convolution of the input.
Case Binary(std::string name, const Shape& shape, const Op& op, Adjust adjust = nullptr) {
  auto build = [shape, op](GraphBuilder& builder) {
    Op placed = op;
    const int32_t input = builder.Input(shape);
    placed.inputs = {input,
                     builder.Conv("other", input, shape.channels, Window{}, Activation::kNone)};
    return builder.Add(placed);
  };
  return {std::move(name), build, std::move(adjust)};
}

// The second operand is a constant.
Case WithConstant(std::string name, const Shape& shape, const Shape& constant, const Op& op) {
  auto build = [shape, constant, op](GraphBuilder& builder) {
    Op placed = op;
    placed.inputs = {builder.Input(shape), builder.Constant(constant, "constant")};
    return builder.Add(placed);
  };
  return {std::move(name), build};
}

Adjust InputAs(Quantization quantization) {
  return [quantization](Model& model) { model.quantization[model.graph.input] = quantization; };
}

Adjust OutputAs(Quantization quantization) {
  return
      [quantization](Model& model) { model.quantization[model.graph.outputs[0]] = quantization; };
}

// One scale for the whole filter, or one per channel: which the random model has not.
void UsePerTensorScale(Model& model) {
  OpWeights& weights = model.weights.back();
  weights.filter_scales.assign(weights.filter_scales.size(), weights.filter_scales[0]);
  weights.per_tensor = true;
}

void UsePerChannelScales(Model& model) {
  OpWeights& weights = model.weights.back();
  weights.per_tensor = false;
  for (size_t c = 0; c < weights.filter_scales.size(); ++c) {
    weights.filter_scales[c] *= 0.6f + 0.1f * static_cast<float>(c % 7);
  }
}

// ---- The cases, by family.

void AddConvolutions(std::vector<Case>& cases) {
  using A = Activation;
  const auto conv = [&cases](const std::string& name, Shape shape, int32_t out, Window window,
                             A activation, Adjust adjust = nullptr) {
    cases.push_back(Unary("conv_" + name, shape, WindowOp(OpKind::kConv2d, window, activation, out),
                          std::move(adjust)));
  };
  conv("1x1", {5, 6, 7}, 5, Window{}, A::kNone);
  conv("1x1_relu6", {5, 6, 16}, 8, Window{}, A::kRelu6);
  conv("1x1_per_tensor", {4, 4, 8}, 9, Window{}, A::kNone, UsePerTensorScale);
  conv("1x1_to_one_channel", {4, 4, 8}, 1, Window{}, A::kNone);
  conv("3x3_same", {7, 6, 3}, 8, WindowOf(3, 3, 1, {1, 1, 1, 1}), A::kRelu);
  conv("3x3_stride2_same", {8, 8, 3}, 8, WindowOf(3, 3, 2, {0, 1, 0, 1}), A::kRelu6);
  conv("3x3_stride2_valid", {8, 9, 4}, 6, WindowOf(3, 3, 2, {0, 0, 0, 0}), A::kReluN1To1);
  conv("5x3_stride3", {11, 10, 2}, 4, WindowOf(5, 3, 3, {0, 0, 0, 0}), A::kNone);
  conv("input_zero_point_127", {4, 4, 4}, 4, WindowOf(3, 3, 1, {1, 1, 1, 1}), A::kNone,
       InputAs({0.01f, 127}));
  conv("output_fine_scale", {4, 4, 4}, 4, Window{}, A::kNone, OutputAs({0.0005f, 3}));

  const auto depthwise = [&cases](const std::string& name, Shape shape, int32_t out, Window window,
                                  A activation) {
    cases.push_back(Unary("depthwise_" + name, shape,
                          WindowOp(OpKind::kDepthwiseConv2d, window, activation, out)));
  };
  depthwise("3x3_same", {7, 6, 9}, 9, WindowOf(3, 3, 1, {1, 1, 1, 1}), A::kRelu6);
  depthwise("3x3_stride2", {8, 8, 5}, 5, WindowOf(3, 3, 2, {0, 1, 0, 1}), A::kNone);
  depthwise("5x5_valid", {7, 7, 4}, 4, WindowOf(5, 5, 1, {0, 0, 0, 0}), A::kRelu);
  depthwise("7x7_same", {6, 6, 3}, 3, WindowOf(7, 7, 1, {3, 3, 3, 3}), A::kRelu6);
  depthwise("multiplier_3", {5, 5, 2}, 6, WindowOf(3, 3, 1, {1, 1, 1, 1}), A::kNone);

  const auto fully_connected = [&cases](const std::string& name, Shape shape, int32_t out,
                                        A activation, Adjust adjust = nullptr) {
    cases.push_back(Unary("fully_connected_" + name, shape,
                          WindowOp(OpKind::kFullyConnected, Window{}, activation, out),
                          std::move(adjust)));
  };
  fully_connected("per_tensor", {1, 1, 64}, 30, A::kNone);
  fully_connected("per_channel", {1, 1, 64}, 30, A::kNone, UsePerChannelScales);
  fully_connected("relu", {1, 1, 33}, 10, A::kRelu);
  fully_connected("of_image", {3, 4, 5}, 10, A::kRelu6);
  fully_connected("one_output", {1, 1, 20}, 1, A::kNone);
}

void AddElementwise(std::vector<Case>& cases) {
  using A = Activation;
  const Shape shape{4, 5, 6};
  cases.push_back(Binary("add", shape, OpOf(OpKind::kAdd)));
  cases.push_back(Binary("add_relu", shape, OpOf(OpKind::kAdd, A::kRelu)));
  cases.push_back(Binary("add_relu6", shape, OpOf(OpKind::kAdd, A::kRelu6)));
  cases.push_back(Binary("add_unlike_scales", shape, OpOf(OpKind::kAdd), InputAs({0.0001f, -77})));
  cases.push_back(WithConstant("add_channels", shape, {1, 1, 6}, OpOf(OpKind::kAdd)));
  cases.push_back(WithConstant("add_scalar", shape, {1, 1, 1}, OpOf(OpKind::kAdd)));
  cases.push_back(Binary("mul", shape, OpOf(OpKind::kMul)));
  cases.push_back(Binary("mul_relu6", shape, OpOf(OpKind::kMul, A::kRelu6)));
  cases.push_back(WithConstant("mul_channels", shape, {1, 1, 6}, OpOf(OpKind::kMul)));
  cases.push_back(Unary("quantize_finer", shape, OpOf(OpKind::kQuantize), OutputAs({0.003f, 9})));
  cases.push_back(Unary("quantize_coarser", shape, OpOf(OpKind::kQuantize), OutputAs({0.03f, -9})));
  cases.push_back(Unary("relu", shape, OpOf(OpKind::kQuantize, A::kRelu)));
  cases.push_back(Unary("relu6", shape, OpOf(OpKind::kQuantize, A::kRelu6), InputAs({0.1f, 4})));
}

void AddPools(std::vector<Case>& cases) {
  using A = Activation;
  const Shape shape{6, 7, 5};
  for (OpKind kind : {OpKind::kAveragePool, OpKind::kMaxPool}) {
    const std::string name = kind == OpKind::kMaxPool ? "max_pool" : "average_pool";
    const auto pool = [&](const char* suffix, const Window& window, A activation) {
      cases.push_back(Unary(name + suffix, shape, WindowOp(kind, window, activation)));
    };
    pool("_2x2", WindowOf(2, 2, 2, {0, 0, 0, 0}), A::kNone);
    pool("_3x3_same", WindowOf(3, 3, 1, {1, 1, 1, 1}), A::kNone);
    pool("_3x3_stride2_relu", WindowOf(3, 3, 2, {0, 1, 1, 1}), A::kRelu);
    pool("_whole", WindowOf(6, 7, 1, {0, 0, 0, 0}), A::kNone);
  }
  cases.push_back(Unary("mean", {7, 7, 11}, OpOf(OpKind::kMean)));
  cases.push_back(Unary("mean_16", {4, 4, 9}, OpOf(OpKind::kMean), OutputAs({0.002f, 5})));
  cases.push_back(Unary("mean_1", {1, 1, 9}, OpOf(OpKind::kMean), OutputAs({0.1f, -5})));
}

void AddLayout(std::vector<Case>& cases) {
  const Shape shape{3, 4, 5};
  Op pad = OpOf(OpKind::kPad);
  pad.window = WindowOf(1, 1, 1, {1, 2, 0, 3});
  cases.push_back(Unary("pad", shape, pad));
  Op reshape = OpOf(OpKind::kReshape);
  reshape.reshape = {1, 1, 60};
  cases.push_back(Unary("reshape", shape, reshape));
  for (Axis axis : {Axis::kHeight, Axis::kWidth, Axis::kChannels}) {
    Op concat = OpOf(OpKind::kConcat);
    concat.axis = axis;
    const char* names[] = {"height", "width", "channels"};
    cases.push_back(Binary(std::string("concat_") + names[static_cast<int>(axis)], shape, concat));
  }
  const auto resize = [&](const char* name, int32_t height, int32_t width, bool align, bool half) {
    Op op = OpOf(OpKind::kResizeNearest);
    op.reshape = {height, width, shape.channels};
    op.align_corners = align;
    op.half_pixel_centers = half;
    cases.push_back(Unary(name, shape, op));
  };
  resize("resize_up", 7, 8, false, false);
  resize("resize_down", 2, 3, false, false);
  resize("resize_align_corners", 7, 9, true, false);
  resize("resize_half_pixel", 7, 9, false, true);
}

void AddActivations(std::vector<Case>& cases) {
  const Shape vector{1, 1, 10};
  Op softmax = OpOf(OpKind::kSoftmax);
  cases.push_back(Unary("softmax", vector, softmax, InputAs({0.08f, 12})));
  cases.push_back(Unary("softmax_coarse", vector, softmax, InputAs({3.0f, 0})));
  cases.push_back(Unary("softmax_flat", {1, 1, 300}, softmax, InputAs({0.0005f, 0})));
  cases.push_back(Unary("softmax_per_pixel", {3, 3, 4}, softmax));
  softmax.beta = 0.3f;
  cases.push_back(Unary("softmax_beta", vector, softmax, InputAs({0.1f, 0})));
  const Shape all{4, 4, 16};
  cases.push_back(Unary("hard_swish", all, OpOf(OpKind::kHardSwish), InputAs({0.05f, -20})));
  cases.push_back(Unary("hard_swish_fine", all, OpOf(OpKind::kHardSwish), InputAs({0.002f, 0})));
  cases.push_back(Unary("hard_swish_coarse", all, OpOf(OpKind::kHardSwish), InputAs({0.9f, 0})));
  cases.push_back(Unary("logistic", all, OpOf(OpKind::kSigmoid), InputAs({0.05f, 3})));
  cases.push_back(Unary("logistic_coarse", all, OpOf(OpKind::kSigmoid), InputAs({0.4f, -3})));
}

// An inverted residual block, and one with squeeze-and-excite: operators that feed each other.
void AddBlocks(std::vector<Case>& cases) {
  const auto block = [](GraphBuilder& builder, bool squeeze) {
    const int32_t input = builder.Input({6, 6, 4});
    int32_t x = builder.Conv("expand", input, 12, Window{}, Activation::kRelu6);
    x = builder.Depthwise("depthwise", x, CenteredWindow(5, 1), Activation::kRelu6);
    if (squeeze) {
      int32_t gate = builder.Mean("squeeze", x);
      gate = builder.Conv("reduce", gate, 3, Window{}, Activation::kRelu);
      gate = builder.Conv("excite", gate, 12, Window{}, Activation::kNone);
      Op sigmoid = OpOf(OpKind::kSigmoid);
      sigmoid.name = "gate";
      sigmoid.inputs = {gate};
      Op scale = OpOf(OpKind::kMul);
      scale.name = "scale";
      scale.inputs = {x, builder.Add(sigmoid)};
      x = builder.Add(scale);
    }
    x = builder.Conv("project", x, 4, Window{}, Activation::kNone);
    return builder.AddTensors("shortcut", input, x, Activation::kNone);
  };
  cases.push_back({"block", [block](GraphBuilder& builder) { return block(builder, false); }});
  cases.push_back(
      {"block_squeeze", [block](GraphBuilder& builder) { return block(builder, true); }});
}

void AddMeansOverOneAxis(std::vector<Case>& cases) {
  const auto mean = [&cases](const std::string& name, const Shape& shape, Axis axis,
                             Adjust adjust = nullptr) {
    Op op = OpOf(OpKind::kMean);
    op.axis = axis;
    cases.push_back(Unary(name, shape, op, std::move(adjust)));
  };
  // On one scale, where an average pool would round otherwise.
  const auto keep_quantization = [](Model& model) {
    model.quantization[model.graph.outputs[0]] = model.quantization[model.graph.input];
  };
  mean("mean_height_5", {5, 3, 7}, Axis::kHeight);
  mean("mean_height_6", {6, 3, 7}, Axis::kHeight, keep_quantization);
  mean("mean_width_5", {3, 5, 7}, Axis::kWidth, keep_quantization);
  mean("mean_width_6", {3, 6, 7}, Axis::kWidth);
}

absl::Status Write(const Case& c, uint64_t seed, const std::string& directory) {
  GraphBuilder builder(c.name);
  const int32_t output = c.build(builder);
  BL_ASSIGN_OR_RETURN(Graph graph, std::move(builder).Build({output}));
  Model model = RandomModel(graph, seed);
  if (c.adjust) c.adjust(model);
  BL_ASSIGN_OR_RETURN(std::string bytes, ExportTflite(model));
  return WriteFileAtomically(directory + "/" + c.name + ".tflite", bytes);
}

absl::Status WriteAll(const std::string& directory) {
  std::vector<Case> cases;
  AddConvolutions(cases);
  AddElementwise(cases);
  AddPools(cases);
  AddLayout(cases);
  AddActivations(cases);
  AddBlocks(cases);
  AddMeansOverOneAxis(cases);  // New cases come last: the position is the seed.
  for (size_t i = 0; i < cases.size(); ++i) {
    BL_RETURN_IF_ERROR(Annotate(Write(cases[i], i, directory), cases[i].name));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_op_models DIR\n";
    return 2;
  }
  const absl::Status status = boardloop::WriteAll(argv[1]);
  if (!status.ok()) std::cerr << "write_op_models: " << status << "\n";
  return status.ok() ? 0 : 1;
}
