#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/onnx/graph_writer.h"
#include "core/onnx/onnx.h"

namespace boardloop {
namespace onnx {
namespace {

constexpr int64_t kIrVersion = 7;  // Of ONNX 1.7 to 1.9, the time of opset 13.
constexpr int64_t kOpset = 13;

class Exporter {
 public:
  Exporter(const boardloop::Model& model, Graph* graph)
      : model_(model),
        net_(model.graph),
        graph_(graph),
        write_(graph),
        values_(model.graph.tensors.size()) {}

  absl::Status Run() {
    AddInput();
    AddConstants();
    for (size_t i = 0; i < net_.ops.size(); ++i) {
      const Op& op = net_.ops[i];
      absl::StatusOr<std::string> value = AddOp(op, model_.weights[i]);
      if (!value.ok()) return Annotate(value.status(), op.name);
      const std::string active = AddActivation(*value, op);
      values_[op.output] =
          write_.AddQuantizeDequantize(active, op.name, model_.quantization[op.output]);
    }
    for (const int32_t output : net_.outputs) AddOutput(output);
    return absl::OkStatus();
  }

 private:
  static std::vector<int64_t> Dims(const boardloop::Shape& shape) {
    return {1, shape.channels, shape.height, shape.width};
  }
  const std::string& in(const Op& op, int i = 0) const { return values_[op.inputs[i]]; }

  static void Describe(Value& value, const std::string& name, const std::vector<int64_t>& dims) {
    value.set_name(name);
    Type::TensorType& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(Tensor::FLOAT);
    for (const int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
  }

  void AddInput() {
    Describe(*graph_->add_input(), "input", Dims(net_.shape(net_.input)));
    values_[net_.input] =
        write_.AddQuantizeDequantize("input", "input_int8", model_.quantization[net_.input]);
  }

  void AddOutput(int32_t tensor) {
    const boardloop::Shape& shape = net_.shape(tensor);
    std::vector<int64_t> dims = Dims(shape);
    if (shape.height == 1 && shape.width == 1) dims.resize(2);
    const std::string name = absl::StrCat("output", graph_->output_size());
    Describe(*graph_->add_output(), name, dims);
    const std::string shape_name = write_.AddInts("output_shape", dims);
    Node& node = *graph_->add_node();  // Its output has the name that users see.
    node.set_op_type("Reshape");
    node.set_name(name);
    node.add_input(values_[tensor]);
    node.add_input(shape_name);
    node.add_output(name);
  }

  void AddConstants() {
    for (const auto& [tensor, bytes] : model_.constants) {
      const boardloop::Shape& shape = net_.shape(tensor);
      std::vector<int8_t> planar(bytes.size());
      for (size_t i = 0; i < bytes.size(); ++i) {
        const auto pixel = static_cast<int64_t>(i) / shape.channels;
        const auto channel = static_cast<int64_t>(i) % shape.channels;
        planar[channel * shape.height * shape.width + pixel] = bytes[i];
      }
      const std::string name = absl::StrCat("constant", tensor);
      values_[tensor] = write_.AddDequantized(write_.AddBytes(name, planar, Dims(shape)), name,
                                              model_.quantization[tensor]);
    }
  }

  absl::StatusOr<std::string> AddOp(const Op& op, const OpWeights& weights) {
    switch (op.kind) {
      case OpKind::kConv2d:
      case OpKind::kDepthwiseConv2d:
        return AddConvolution(op, weights);
      case OpKind::kFullyConnected:
        return AddFullyConnected(op, weights);
      case OpKind::kAdd:
        return write_.AddNode("Add", {in(op, 0), in(op, 1)}, op.name);
      case OpKind::kMul:
        return write_.AddNode("Mul", {in(op, 0), in(op, 1)}, op.name);
      case OpKind::kAveragePool:
        return AddPool(op, "AveragePool");
      case OpKind::kMaxPool:
        return AddPool(op, "MaxPool");
      case OpKind::kMean:
        return AddMean(op);
      case OpKind::kPad:
        return AddPad(op);
      case OpKind::kSoftmax:
        return AddSoftmax(op);
      case OpKind::kReshape:
        return AddShapeChange(op);
      case OpKind::kConcat:
        return AddConcat(op);
      case OpKind::kResizeNearest:
        return AddResize(op);
      case OpKind::kQuantize:
        return in(op);
      case OpKind::kHardSwish:
        return AddHardSwish(op);
      case OpKind::kSigmoid:
        return write_.AddNode("Sigmoid", {in(op)}, op.name);
    }
    return absl::InternalError("unknown operator");
  }

  std::string AddActivation(const std::string& value, const Op& op) {
    switch (op.activation) {
      case Activation::kNone:
        return value;
      case Activation::kRelu:
        return write_.AddNode("Relu", {value}, op.name + ".relu");
      case Activation::kRelu6:
        return AddClip(value, op.name, 0, 6);
      case Activation::kReluN1To1:
        return AddClip(value, op.name, -1, 1);
    }
    return value;
  }

  std::string AddClip(const std::string& value, const std::string& name, float low, float high) {
    return write_.AddNode("Clip",
                          {value, write_.AddFloats(name + ".low", {low}, {}),
                           write_.AddFloats(name + ".high", {high}, {})},
                          name + ".clip");
  }

  // Real filter and bias of an operator. `filter` has the output channels first.
  std::pair<std::string, std::string> AddWeights(const Op& op, const OpWeights& weights,
                                                 const std::vector<int8_t>& filter,
                                                 const std::vector<int64_t>& dims) {
    const auto channels = static_cast<int64_t>(op.out_channels);
    const std::string name = op.name + ".filter";
    const std::string real_filter = write_.AddNode(
        "DequantizeLinear",
        {write_.AddBytes(name + ".int8", filter, dims),
         write_.AddFloats(name + ".scales", weights.filter_scales, {channels}),
         write_.AddBytes(name + ".zero_points", std::vector<int8_t>(channels, 0), {channels})},
        name, {IntAttribute("axis", 0)});
    std::vector<float> bias_scales;
    for (const float scale : weights.filter_scales) {
      bias_scales.push_back(scale * model_.quantization[op.inputs[0]].scale);
    }
    const std::string bias = op.name + ".bias";
    const std::string real_bias =
        write_.AddNode("DequantizeLinear",
                       {write_.AddInt32s(bias + ".int32", weights.bias),
                        write_.AddFloats(bias + ".scales", bias_scales, {channels})},
                       bias, {IntAttribute("axis", 0)});
    return {real_filter, real_bias};
  }

  std::string AddConvolution(const Op& op, const OpWeights& weights) {
    const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
    const int64_t in_channels = net_.input_shape(op).channels;
    const int64_t depth = depthwise ? 1 : in_channels;
    const int64_t window = int64_t{op.window.kernel_h} * op.window.kernel_w;
    // To [out][in][kh][kw], from [out][kh][kw][in] or [kh][kw][out].
    std::vector<int8_t> filter(weights.filter.size());
    for (int64_t o = 0; o < op.out_channels; ++o) {
      for (int64_t c = 0; c < depth; ++c) {
        for (int64_t tap = 0; tap < window; ++tap) {
          const int64_t from =
              depthwise ? tap * op.out_channels + o : (o * window + tap) * depth + c;
          filter[(o * depth + c) * window + tap] = weights.filter[from];
        }
      }
    }
    const auto [real_filter, real_bias] = AddWeights(
        op, weights, filter, {op.out_channels, depth, op.window.kernel_h, op.window.kernel_w});
    std::vector<Attribute> attributes = WindowAttributes(op.window);
    attributes.push_back(IntAttribute("group", depthwise ? in_channels : 1));
    return write_.AddNode("Conv", {in(op), real_filter, real_bias}, op.name, attributes);
  }

  static std::vector<Attribute> WindowAttributes(const Window& window) {
    return {IntsAttribute("kernel_shape", {window.kernel_h, window.kernel_w}),
            IntsAttribute("strides", {window.stride_h, window.stride_w}),
            IntsAttribute("pads",
                          {window.pad_top, window.pad_left, window.pad_bottom, window.pad_right})};
  }

  // Values in the order of HWC, where that differs from CHW.
  std::string ToChannelsLast(const std::string& value, const Op& op) {
    const boardloop::Shape& shape = net_.input_shape(op);
    if (shape.height * shape.width == 1 || shape.channels == 1) return value;
    return write_.AddTranspose(value, op.name + ".hwc", {0, 2, 3, 1});
  }

  std::string AddFullyConnected(const Op& op, const OpWeights& weights) {
    const int64_t elements = net_.input_shape(op).elements();
    const std::string flat =
        write_.AddReshape(ToChannelsLast(in(op), op), op.name + ".flat", {1, elements});
    const auto [filter, bias] =
        AddWeights(op, weights, weights.filter, {op.out_channels, elements});
    const std::string product =
        write_.AddNode("Gemm", {flat, filter, bias}, op.name, {IntAttribute("transB", 1)});
    return write_.AddReshape(product, op.name + ".image", {1, op.out_channels, 1, 1});
  }

  std::string AddPool(const Op& op, const std::string& op_type) {
    return write_.AddNode(op_type, {in(op)}, op.name, WindowAttributes(op.window));
  }

  std::string AddMean(const Op& op) {
    std::vector<int64_t> axes = {2, 3};
    if (op.axis == Axis::kHeight) axes = {2};
    if (op.axis == Axis::kWidth) axes = {3};
    return write_.AddNode("ReduceMean", {in(op)}, op.name,
                          {IntsAttribute("axes", axes), IntAttribute("keepdims", 1)});
  }

  std::string AddPad(const Op& op) {
    const Window& w = op.window;
    return write_.AddNode("Pad",
                          {in(op),
                           write_.AddInts(op.name + ".pads", {0, 0, w.pad_top, w.pad_left, 0, 0,
                                                              w.pad_bottom, w.pad_right}),
                           write_.AddFloats(op.name + ".zero", {0}, {})},
                          op.name);
  }

  std::string AddSoftmax(const Op& op) {
    std::string value = in(op);
    if (op.beta != 1) {
      value = write_.AddNode("Mul", {value, write_.AddFloats(op.name + ".beta", {op.beta}, {})},
                             op.name + ".scaled");
    }
    return write_.AddNode("Softmax", {value}, op.name, {IntAttribute("axis", 1)});
  }

  std::string AddShapeChange(const Op& op) {
    const boardloop::Shape& shape = net_.output_shape(op);
    const std::string reshaped = write_.AddReshape(ToChannelsLast(in(op), op), op.name,
                                                   {1, shape.height, shape.width, shape.channels});
    return write_.AddTranspose(reshaped, op.name + ".chw", {0, 3, 1, 2});
  }

  std::string AddConcat(const Op& op) {
    std::vector<std::string> inputs;
    for (const int32_t input : op.inputs) inputs.push_back(values_[input]);
    const int64_t axis = op.axis == Axis::kHeight ? 2 : (op.axis == Axis::kWidth ? 3 : 1);
    return write_.AddNode("Concat", inputs, op.name, {IntAttribute("axis", axis)});
  }

  absl::StatusOr<std::string> AddResize(const Op& op) {
    if (op.align_corners && op.half_pixel_centers) {
      return absl::UnimplementedError(
          "ONNX cannot say a resize with aligned corners and half-pixel centers at once");
    }
    const char* mode =
        op.align_corners ? "align_corners" : (op.half_pixel_centers ? "half_pixel" : "asymmetric");
    const bool floor = !op.align_corners && !op.half_pixel_centers;
    return write_.AddNode(
        "Resize", {in(op), "", "", write_.AddInts(op.name + ".sizes", Dims(net_.output_shape(op)))},
        op.name,
        {TextAttribute("mode", "nearest"), TextAttribute("coordinate_transformation_mode", mode),
         TextAttribute("nearest_mode", floor ? "floor" : "round_prefer_ceil")});
  }

  std::string AddHardSwish(const Op& op) {
    const std::string gate =
        write_.AddNode("HardSigmoid", {in(op)}, op.name + ".gate",
                       {FloatAttribute("alpha", 1.0f / 6), FloatAttribute("beta", 0.5f)});
    return write_.AddNode("Mul", {in(op), gate}, op.name);
  }

  const boardloop::Model& model_;
  const boardloop::Graph& net_;
  Graph* graph_;
  GraphWriter write_;
  std::vector<std::string> values_;  // By tensor: the name of its real value.
};

}  // namespace
}  // namespace onnx

absl::StatusOr<std::string> ExportOnnx(const Model& model) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  onnx::Model file;
  file.set_ir_version(onnx::kIrVersion);
  file.set_producer_name("boardloop");
  file.add_opset_import()->set_version(onnx::kOpset);
  file.mutable_graph()->set_name(model.graph.name.empty() ? "network" : model.graph.name);
  BL_RETURN_IF_ERROR(onnx::Exporter(model, file.mutable_graph()).Run());
  return file.SerializeAsString();
}

}  // namespace boardloop
