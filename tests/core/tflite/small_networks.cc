#include "tests/core/tflite/small_networks.h"

#include <functional>
#include <initializer_list>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/graph/graph.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

Op MakeOp(OpKind kind, const std::string& name, std::initializer_list<int32_t> inputs) {
  Op op;
  op.kind = kind;
  op.name = name;
  op.inputs.assign(inputs.begin(), inputs.end());
  return op;
}

int32_t Unary(GraphBuilder& b, OpKind kind, int32_t input, Activation activation) {
  Op op = MakeOp(kind, "unary", {input});
  op.activation = activation;
  return b.Add(op);
}

int32_t Pool(GraphBuilder& b, OpKind kind, int32_t input, const Window& window) {
  Op op = MakeOp(kind, "pool", {input});
  op.window = window;
  return b.Add(op);
}

int32_t Depthwise(GraphBuilder& b, int32_t input, int32_t out_channels, const Window& window) {
  Op op = MakeOp(OpKind::kDepthwiseConv2d, "depthwise", {input});
  op.window = window;
  op.out_channels = out_channels;
  op.activation = Activation::kRelu6;
  return b.Add(op);
}

int32_t Reshape(GraphBuilder& b, int32_t input, const Shape& shape) {
  Op op = MakeOp(OpKind::kReshape, "reshape", {input});
  op.reshape = shape;
  return b.Add(op);
}

int32_t Concat(GraphBuilder& b, int32_t x, Axis axis) {
  int32_t y = b.Conv("branch", x, b.shape(x).channels, CenteredWindow(1, 1), Activation::kNone);
  Op op = MakeOp(OpKind::kConcat, "concat", {x, y, x});
  op.axis = axis;
  return b.Add(op);
}

int32_t Resize(GraphBuilder& b, int32_t input, const Shape& shape, bool corners, bool centers) {
  Op op = MakeOp(OpKind::kResizeNearest, "resize", {input});
  op.reshape = shape;
  op.align_corners = corners;
  op.half_pixel_centers = centers;
  return b.Add(op);
}

int32_t Pad(GraphBuilder& b, int32_t input) {
  Op op = MakeOp(OpKind::kPad, "pad", {input});
  op.window.pad_top = 1;
  op.window.pad_right = 2;
  return b.Add(op);
}

int32_t SqueezeAndExcite(GraphBuilder& b, int32_t x) {
  int32_t mean = b.Mean("squeeze", x);
  int32_t reduced = b.Conv("reduce", mean, 2, CenteredWindow(1, 1), Activation::kRelu);
  int32_t expanded =
      b.Conv("expand", reduced, b.shape(x).channels, CenteredWindow(1, 1), Activation::kNone);
  int32_t scale = b.Add(MakeOp(OpKind::kSigmoid, "scale", {expanded}));
  return b.Add(MakeOp(OpKind::kMul, "excite", {x, scale}));
}

using Body = std::function<int32_t(GraphBuilder& b, int32_t x)>;

struct Recipe {
  Shape input;
  Body body;  // From the input to the output.
};

Body ConvBody(const Window& window, Activation activation) {
  return [=](GraphBuilder& b, int32_t x) { return b.Conv("conv", x, 4, window, activation); };
}

Body UnaryBody(OpKind kind, Activation activation = Activation::kNone) {
  return [=](GraphBuilder& b, int32_t x) { return Unary(b, kind, x, activation); };
}

Body PoolBody(OpKind kind, const Window& window) {
  return [=](GraphBuilder& b, int32_t x) { return Pool(b, kind, x, window); };
}

Body MeanBody(Axis axis) {
  return [=](GraphBuilder& b, int32_t x) { return b.Mean("mean", x, axis); };
}

Body ConstantBody(OpKind kind, const Shape& shape) {
  return [=](GraphBuilder& b, int32_t x) {
    int32_t constant = b.Constant(shape, "constant");
    return b.Add(MakeOp(kind, "binary", {x, constant}));
  };
}

const Window kUnpadded3x3 = {3, 3, 1, 1, 0, 0, 0, 0};
const Window kSameStride2 = {3, 3, 2, 2, 0, 1, 0, 1};  // SAME for an even input.

std::map<std::string, Recipe> WeightedRecipes() {
  std::map<std::string, Recipe> r;
  r["conv_same"] = {{6, 5, 3}, ConvBody(CenteredWindow(3, 1), Activation::kRelu6)};
  r["conv_valid"] = {{6, 5, 3}, ConvBody(kUnpadded3x3, Activation::kNone)};
  r["conv_same_stride2"] = {{6, 8, 3}, ConvBody(kSameStride2, Activation::kRelu)};
  r["conv_padded"] = {{6, 8, 3}, ConvBody(CenteredWindow(3, 2), Activation::kReluN1To1)};
  r["conv_padded_unevenly"] = {{6, 8, 3}, ConvBody({2, 3, 1, 2, 1, 0, 2, 3}, Activation::kNone)};
  r["depthwise"] = {{7, 6, 3}, [](GraphBuilder& b, int32_t x) {
                      return b.Depthwise("depthwise", x, CenteredWindow(3, 1), Activation::kRelu6);
                    }};
  r["depthwise_padded"] = {{8, 6, 3}, [](GraphBuilder& b, int32_t x) {
                             return Depthwise(b, x, 3, CenteredWindow(5, 2));
                           }};
  r["depthwise_multiplier"] = {{7, 6, 3}, [](GraphBuilder& b, int32_t x) {
                                 return Depthwise(b, x, 6, CenteredWindow(3, 1));
                               }};
  r["dense"] = {{1, 1, 9},
                [](GraphBuilder& b, int32_t x) { return b.FullyConnected("dense", x, 5); }};
  r["dense_of_image"] = {
      {3, 2, 4}, [](GraphBuilder& b, int32_t x) { return b.FullyConnected("dense", x, 5); }};
  r["dense_then_conv"] = {{3, 2, 4}, [](GraphBuilder& b, int32_t x) {
                            int32_t dense = b.FullyConnected("dense", x, 5);
                            return b.Conv("conv", dense, 3, CenteredWindow(1, 1),
                                          Activation::kNone);
                          }};
  r["classifier"] = {{6, 6, 3}, [](GraphBuilder& b, int32_t x) {
                       int32_t conv = b.Conv("conv", x, 4, CenteredWindow(3, 2), Activation::kRelu);
                       int32_t dense = b.FullyConnected("dense", b.Mean("mean", conv), 5);
                       return b.Add(MakeOp(OpKind::kSoftmax, "softmax", {dense}));
                     }};
  return r;
}

std::map<std::string, Recipe> OtherRecipes() {
  const Shape image{6, 4, 3};
  std::map<std::string, Recipe> r;
  r["add"] = {image, [](GraphBuilder& b, int32_t x) {
                int32_t y = b.Conv("conv", x, 3, CenteredWindow(1, 1), Activation::kNone);
                return b.AddTensors("add", x, y, Activation::kRelu);
              }};
  r["add_constant"] = {image, ConstantBody(OpKind::kAdd, {1, 1, 3})};
  r["add_constant_image"] = {image, ConstantBody(OpKind::kAdd, image)};
  r["mul_scalar"] = {image, ConstantBody(OpKind::kMul, {1, 1, 1})};
  r["mul_of_vectors"] = {{1, 1, 7}, ConstantBody(OpKind::kMul, {1, 1, 7})};
  r["squeeze_and_excite"] = {image, SqueezeAndExcite};
  r["average_pool"] = {image, PoolBody(OpKind::kAveragePool, {2, 2, 2, 2, 0, 0, 0, 0})};
  r["average_pool_same"] = {image, PoolBody(OpKind::kAveragePool, CenteredWindow(3, 1))};
  r["max_pool"] = {image, PoolBody(OpKind::kMaxPool, kSameStride2)};
  r["max_pool_padded"] = {image, PoolBody(OpKind::kMaxPool, CenteredWindow(3, 2))};
  r["mean"] = {image, MeanBody(Axis::kChannels)};
  r["mean_height"] = {image, MeanBody(Axis::kHeight)};
  r["mean_width"] = {image, MeanBody(Axis::kWidth)};
  r["mean_in_two_steps"] = {image, [](GraphBuilder& b, int32_t x) {
                              x = b.Mean("rows", x, Axis::kWidth);
                              return b.FullyConnected("dense", b.Mean("mean", x, Axis::kHeight), 5);
                            }};
  r["mean_of_vector"] = {{1, 1, 3}, MeanBody(Axis::kHeight)};
  r["pad"] = {image, Pad};
  r["pad_then_pool"] = {image, [](GraphBuilder& b, int32_t x) {
                          return Pool(b, OpKind::kAveragePool, Pad(b, x), kUnpadded3x3);
                        }};
  r["softmax"] = {{1, 1, 8}, UnaryBody(OpKind::kSoftmax)};
  r["softmax_of_image"] = {image, UnaryBody(OpKind::kSoftmax)};
  r["reshape"] = {image, [](GraphBuilder& b, int32_t x) { return Reshape(b, x, {1, 12, 6}); }};
  r["reshape_to_vector"] = {image, [](GraphBuilder& b, int32_t x) {
                              return b.FullyConnected("dense", Reshape(b, x, {1, 1, 72}), 3);
                            }};
  r["concat_height"] = {image,
                        [](GraphBuilder& b, int32_t x) { return Concat(b, x, Axis::kHeight); }};
  r["concat_width"] = {image,
                       [](GraphBuilder& b, int32_t x) { return Concat(b, x, Axis::kWidth); }};
  r["concat_channels"] = {image,
                          [](GraphBuilder& b, int32_t x) { return Concat(b, x, Axis::kChannels); }};
  r["resize"] = {image, [](GraphBuilder& b, int32_t x) {
                   return Resize(b, x, {9, 8, 3}, false, false);
                 }};
  r["resize_corners"] = {image, [](GraphBuilder& b, int32_t x) {
                           return Resize(b, x, {9, 8, 3}, true, false);
                         }};
  r["resize_centers"] = {image, [](GraphBuilder& b, int32_t x) {
                           return Resize(b, x, {9, 8, 3}, false, true);
                         }};
  r["quantize"] = {image, UnaryBody(OpKind::kQuantize)};
  r["relu"] = {image, UnaryBody(OpKind::kQuantize, Activation::kRelu)};
  r["relu6"] = {image, UnaryBody(OpKind::kQuantize, Activation::kRelu6)};
  r["relu_n1_to_1"] = {image, UnaryBody(OpKind::kQuantize, Activation::kReluN1To1)};
  r["hard_swish"] = {image, UnaryBody(OpKind::kHardSwish)};
  r["sigmoid"] = {image, UnaryBody(OpKind::kSigmoid)};
  return r;
}

std::map<std::string, Recipe> Recipes() {
  std::map<std::string, Recipe> recipes = WeightedRecipes();
  recipes.merge(OtherRecipes());
  return recipes;
}

// With all digits: 9 tell any two floats apart.
std::string FloatText(float value) { return absl::StrFormat("%.9g", value); }

std::string WindowText(const Window& w) {
  return absl::StrJoin({w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_bottom,
                        w.pad_left, w.pad_right},
                       " ");
}

std::string OpText(const Op& op) {
  return absl::StrCat(OpKindName(op.kind), " ", op.name, " (", absl::StrJoin(op.inputs, " "),
                      ") -> ", op.output, " ", ActivationName(op.activation), " axis ",
                      static_cast<int>(op.axis), " window ", WindowText(op.window), " channels ",
                      op.out_channels, " reshape ", op.reshape.ToString(), " corners ",
                      op.align_corners, " centers ", op.half_pixel_centers, " beta ",
                      FloatText(op.beta), "\n");
}

}  // namespace

std::vector<std::string> SmallNetworkNames() {
  std::vector<std::string> names;
  for (const auto& [name, recipe] : Recipes()) names.push_back(name);
  return names;
}

Model SmallNetwork(const std::string& name) {
  const Recipe recipe = Recipes().at(name);
  GraphBuilder builder(name);
  int32_t output = recipe.body(builder, builder.Input(recipe.input));
  absl::StatusOr<Graph> graph = std::move(builder).Build({output});
  CHECK(graph.ok()) << name << ": " << graph.status();
  return RandomModel(*graph, /*seed=*/1);
}

std::string ModelText(const Model& model) {
  const Graph& graph = model.graph;
  std::string text =
      absl::StrCat(graph.name, ": ", graph.input, " -> ", absl::StrJoin(graph.outputs, " "), "\n");
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor& tensor = graph.tensors[t];
    const Quantization& q = model.quantization[t];
    absl::StrAppend(&text, "tensor ", t, " ", tensor.name, " ", tensor.shape.ToString(),
                    tensor.constant ? " constant " : " ", FloatText(q.scale), " ", q.zero_point,
                    "\n");
  }
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const OpWeights& w = model.weights[i];
    absl::StrAppend(&text, OpText(graph.ops[i]), "  filter ", absl::StrJoin(w.filter, " "),
                    "\n  scales ",
                    absl::StrJoin(w.filter_scales, " ",
                                  [](std::string* out, float scale) { *out += FloatText(scale); }),
                    " per tensor ", w.per_tensor, "\n  bias ", absl::StrJoin(w.bias, " "), "\n");
  }
  for (const auto& [tensor, values] : model.constants) {
    absl::StrAppend(&text, "constant ", tensor, ": ", absl::StrJoin(values, " "), "\n");
  }
  return text;
}

}  // namespace boardloop
