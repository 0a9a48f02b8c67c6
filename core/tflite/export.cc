#include <map>
#include <utility>

#include "core/base/status.h"
#include "core/tflite/errors.h"
#include "core/tflite/export_ranks.h"
#include "core/tflite/file_writer.h"
#include "core/tflite/layout.h"
#include "core/tflite/same_padding.h"
#include "core/tflite/tflite.h"

namespace boardloop {
namespace tflite {
namespace {

using B = fb::BuiltinOperator;

fb::ActivationFunctionType ToFile(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return fb::ActivationFunctionType::NONE;
    case Activation::kRelu:
      return fb::ActivationFunctionType::RELU;
    case Activation::kRelu6:
      return fb::ActivationFunctionType::RELU6;
    case Activation::kReluN1To1:
      return fb::ActivationFunctionType::RELU_N1_TO_1;
  }
  return fb::ActivationFunctionType::NONE;
}

bool EqualPadding(const Window& a, const Window& b) {
  return a.pad_top == b.pad_top && a.pad_bottom == b.pad_bottom && a.pad_left == b.pad_left &&
         a.pad_right == b.pad_right;
}

bool IsPadded(const Window& w) {
  return w.pad_top != 0 || w.pad_bottom != 0 || w.pad_left != 0 || w.pad_right != 0;
}

class Exporter {
 public:
  explicit Exporter(const Model& model)
      : model_(model), graph_(model.graph), flat_(FlatTensors(model.graph)) {}

  absl::StatusOr<std::string> Export();

 private:
  // How the window of an operator is written: perhaps with a PAD in front.
  struct Windowed {
    int32_t input;  // Index in the file.
    fb::Padding padding;
  };

  Extents ExtentsOf(int32_t tensor) const;
  void AddTensors();
  absl::Status AddOp(const Op& op, const OpWeights& weights);
  absl::StatusOr<Windowed> AddWindow(const Op& op);
  void AddPad(const Op& op, int32_t value, int32_t output);
  int32_t AddInts(const Op& op, const std::string& what, const std::vector<int32_t>& values);
  std::vector<int32_t> AddWeights(const Op& op, const OpWeights& weights);

  absl::Status AddConv(const Op& op, const OpWeights& weights);
  absl::Status AddDepthwise(const Op& op, const OpWeights& weights);
  void AddFullyConnected(const Op& op, const OpWeights& weights);
  absl::Status AddPool(const Op& op);
  void AddMean(const Op& op);
  void AddReshape(const Op& op, int32_t input);
  void AddConcat(const Op& op);
  void AddResize(const Op& op);
  void AddQuantize(const Op& op);

  const Model& model_;
  const Graph& graph_;
  std::vector<bool> flat_;  // By tensor: written as [1, channels].
  FileWriter file_;         // Its first tensors are the graph's, in order.
};

Extents Exporter::ExtentsOf(int32_t tensor) const {
  const Shape& shape = graph_.shape(tensor);
  if (flat_[tensor]) return {1, shape.channels};
  return {1, shape.height, shape.width, shape.channels};
}

void Exporter::AddTensors() {
  for (int32_t t = 0; t < static_cast<int32_t>(graph_.tensors.size()); ++t) {
    const Tensor& tensor = graph_.tensors[t];
    if (tensor.constant) {
      file_.AddInt8(tensor.name, ExtentsOf(t), model_.quantization[t], model_.constants.at(t));
    } else {
      file_.AddActivation(tensor.name, ExtentsOf(t), model_.quantization[t]);
    }
  }
}

int32_t Exporter::AddInts(const Op& op, const std::string& what,
                          const std::vector<int32_t>& values) {
  Extents extents = {static_cast<int32_t>(values.size())};
  return file_.AddInt32(op.name + "/" + what, extents, values);
}

// Pads the input of `op` by its window's padding, with `value`, into `output` (an index in the
// file).
void Exporter::AddPad(const Op& op, int32_t value, int32_t output) {
  const Window& w = op.window;
  const Quantization& quantization = model_.quantization[op.inputs[0]];
  int32_t rows = file_.AddInt32(op.name + "/paddings", {4, 2},
                                {0, 0, w.pad_top, w.pad_bottom, w.pad_left, w.pad_right, 0, 0});
  if (value == quantization.zero_point) {
    file_.AddOperator(B::PAD, 2, {op.inputs[0], rows}, output,
                      fb::CreatePadOptions(file_.builder()));
    return;
  }
  int32_t pad_value =
      file_.AddInt8(op.name + "/pad_value", {1}, quantization, {static_cast<int8_t>(value)});
  file_.AddOperator(B::PADV2, 2, {op.inputs[0], rows, pad_value}, output,
                    fb::CreatePadV2Options(file_.builder()));
}

absl::StatusOr<Exporter::Windowed> Exporter::AddWindow(const Op& op) {
  int32_t input = op.inputs[0];
  if (!IsPadded(op.window)) return Windowed{input, fb::Padding::VALID};
  if (EqualPadding(op.window, WithSamePadding(op.window, graph_.input_shape(op)))) {
    return Windowed{input, fb::Padding::SAME};
  }
  if (op.kind == OpKind::kAveragePool) {
    return Unsupported(
        "AVERAGE_POOL_2D \"%s\" is padded as neither SAME nor VALID does; a .tflite "
        "cannot say so",
        op.name);
  }
  // What a max pool is padded with must never win.
  const Quantization& quantization = model_.quantization[input];
  int32_t value = op.kind == OpKind::kMaxPool ? -128 : quantization.zero_point;
  const Window& w = op.window;
  const Shape& in = graph_.input_shape(op);
  Extents extents = {1, in.height + w.pad_top + w.pad_bottom, in.width + w.pad_left + w.pad_right,
                     in.channels};
  int32_t padded = file_.AddActivation(op.name + "/padded", extents, quantization);
  AddPad(op, value, padded);
  return Windowed{padded, fb::Padding::VALID};
}

// Filter and bias, behind the input that is put in front of them.
std::vector<int32_t> Exporter::AddWeights(const Op& op, const OpWeights& weights) {
  const Window& w = op.window;
  int32_t in = graph_.input_shape(op).channels;
  Extents extents;
  int32_t channel_dimension = 0;
  if (op.kind == OpKind::kConv2d) {
    extents = {op.out_channels, w.kernel_h, w.kernel_w, in};
  } else if (op.kind == OpKind::kDepthwiseConv2d) {
    extents = {1, w.kernel_h, w.kernel_w, op.out_channels};
    channel_dimension = 3;
  } else {
    extents = {op.out_channels, static_cast<int32_t>(graph_.input_shape(op).elements())};
  }
  std::vector<float> scales = weights.filter_scales;
  if (weights.per_tensor) scales.resize(1);
  std::vector<float> bias_scales = scales;
  for (float& scale : bias_scales) scale *= model_.quantization[op.inputs[0]].scale;
  int32_t filter =
      file_.AddFilter(op.name + "/filter", extents, scales, channel_dimension, weights.filter);
  int32_t bias = file_.AddBias(op.name + "/bias", bias_scales, weights.bias);
  return {filter, bias};
}

absl::Status Exporter::AddConv(const Op& op, const OpWeights& weights) {
  BL_ASSIGN_OR_RETURN(Windowed window, AddWindow(op));
  std::vector<int32_t> inputs = AddWeights(op, weights);
  inputs.insert(inputs.begin(), window.input);
  file_.AddOperator(B::CONV_2D, 3, inputs, op.output,
                    fb::CreateConv2DOptions(file_.builder(), window.padding, op.window.stride_w,
                                            op.window.stride_h, ToFile(op.activation)));
  return absl::OkStatus();
}

absl::Status Exporter::AddDepthwise(const Op& op, const OpWeights& weights) {
  BL_ASSIGN_OR_RETURN(Windowed window, AddWindow(op));
  std::vector<int32_t> inputs = AddWeights(op, weights);
  inputs.insert(inputs.begin(), window.input);
  int32_t multiplier = op.out_channels / graph_.input_shape(op).channels;
  file_.AddOperator(
      B::DEPTHWISE_CONV_2D, 3, inputs, op.output,
      fb::CreateDepthwiseConv2DOptions(file_.builder(), window.padding, op.window.stride_w,
                                       op.window.stride_h, multiplier, ToFile(op.activation)));
  return absl::OkStatus();
}

// Its result has two dimensions; where four are needed a RESHAPE follows, which the import drops.
// Both tensors then have the operator's name, so that the import finds it either way.
void Exporter::AddFullyConnected(const Op& op, const OpWeights& weights) {
  std::vector<int32_t> inputs = AddWeights(op, weights);
  inputs.insert(inputs.begin(), op.inputs[0]);
  int32_t output = op.output;
  if (!flat_[op.output]) {
    output = file_.AddActivation(op.name, {1, op.out_channels}, model_.quantization[op.output]);
  }
  file_.AddOperator(B::FULLY_CONNECTED, 4, inputs, output,
                    fb::CreateFullyConnectedOptions(file_.builder(), ToFile(op.activation)));
  if (!flat_[op.output]) AddReshape(op, output);
}

absl::Status Exporter::AddPool(const Op& op) {
  BL_ASSIGN_OR_RETURN(Windowed window, AddWindow(op));
  B code = op.kind == OpKind::kMaxPool ? B::MAX_POOL_2D : B::AVERAGE_POOL_2D;
  file_.AddOperator(code, 2, {window.input}, op.output,
                    fb::CreatePool2DOptions(file_.builder(), window.padding, op.window.stride_w,
                                            op.window.stride_h, op.window.kernel_w,
                                            op.window.kernel_h, ToFile(op.activation)));
  return absl::OkStatus();
}

void Exporter::AddMean(const Op& op) {
  std::vector<int32_t> over = {1, 2};
  if (op.axis != Axis::kChannels) over = {op.axis == Axis::kHeight ? 1 : 2};
  int32_t axes = AddInts(op, "axes", over);
  bool keep_dims = !flat_[op.output];
  file_.AddOperator(B::MEAN, 2, {op.inputs[0], axes}, op.output,
                    fb::CreateReducerOptions(file_.builder(), keep_dims));
}

// `input` in the shape of `op`'s output.
void Exporter::AddReshape(const Op& op, int32_t input) {
  Extents extents = ExtentsOf(op.output);
  std::vector<int32_t> new_shape(extents.begin(), extents.end());
  int32_t shape = AddInts(op, "shape", new_shape);
  file_.AddOperator(B::RESHAPE, 1, {input, shape}, op.output,
                    fb::CreateReshapeOptionsDirect(file_.builder(), &new_shape));
}

void Exporter::AddConcat(const Op& op) {
  int32_t axis = op.axis == Axis::kHeight ? 1 : op.axis == Axis::kWidth ? 2 : 3;
  file_.AddOperator(B::CONCATENATION, 2, op.inputs, op.output,
                    fb::CreateConcatenationOptions(file_.builder(), axis));
}

void Exporter::AddResize(const Op& op) {
  int32_t size = AddInts(op, "size", {op.reshape.height, op.reshape.width});
  file_.AddOperator(B::RESIZE_NEAREST_NEIGHBOR, op.half_pixel_centers ? 3 : 2, {op.inputs[0], size},
                    op.output,
                    fb::CreateResizeNearestNeighborOptions(file_.builder(), op.align_corners,
                                                           op.half_pixel_centers));
}

void Exporter::AddQuantize(const Op& op) {
  switch (op.activation) {
    case Activation::kNone:
      file_.AddOperator(B::QUANTIZE, 2, op.inputs, op.output,
                        fb::CreateQuantizeOptions(file_.builder()));
      break;
    case Activation::kRelu:
      file_.AddOperator(B::RELU, 2, op.inputs, op.output);
      break;
    case Activation::kRelu6:
      file_.AddOperator(B::RELU6, 2, op.inputs, op.output);
      break;
    case Activation::kReluN1To1:
      file_.AddOperator(B::RELU_N1_TO_1, 1, op.inputs, op.output);
      break;
  }
}

absl::Status Exporter::AddOp(const Op& op, const OpWeights& weights) {
  flatbuffers::FlatBufferBuilder& builder = file_.builder();
  switch (op.kind) {
    case OpKind::kConv2d:
      return AddConv(op, weights);
    case OpKind::kDepthwiseConv2d:
      return AddDepthwise(op, weights);
    case OpKind::kFullyConnected:
      AddFullyConnected(op, weights);
      break;
    case OpKind::kAdd:
      file_.AddOperator(B::ADD, 2, op.inputs, op.output,
                        fb::CreateAddOptions(builder, ToFile(op.activation)));
      break;
    case OpKind::kMul:
      file_.AddOperator(B::MUL, 2, op.inputs, op.output,
                        fb::CreateMulOptions(builder, ToFile(op.activation)));
      break;
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
      return AddPool(op);
    case OpKind::kMean:
      AddMean(op);
      break;
    case OpKind::kPad:
      AddPad(op, model_.quantization[op.inputs[0]].zero_point, op.output);
      break;
    case OpKind::kSoftmax:
      file_.AddOperator(B::SOFTMAX, 2, op.inputs, op.output,
                        fb::CreateSoftmaxOptions(builder, op.beta));
      break;
    case OpKind::kReshape:
      AddReshape(op, op.inputs[0]);
      break;
    case OpKind::kConcat:
      AddConcat(op);
      break;
    case OpKind::kResizeNearest:
      AddResize(op);
      break;
    case OpKind::kQuantize:
      AddQuantize(op);
      break;
    case OpKind::kHardSwish:
      file_.AddOperator(B::HARD_SWISH, 1, op.inputs, op.output,
                        fb::CreateHardSwishOptions(builder));
      break;
    case OpKind::kSigmoid:
      file_.AddOperator(B::LOGISTIC, 2, op.inputs, op.output);
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Exporter::Export() {
  AddTensors();
  for (size_t i = 0; i < graph_.ops.size(); ++i) {
    BL_RETURN_IF_ERROR(AddOp(graph_.ops[i], model_.weights[i]));
  }
  return std::move(file_).Finish(graph_.name, graph_.input, graph_.outputs);
}

// Weights and constants; the rest of a file is small beside them.
int64_t ConstantBytes(const Model& model) {
  int64_t bytes = 0;
  for (const OpWeights& weights : model.weights) {
    bytes += static_cast<int64_t>(weights.filter.size() + sizeof(int32_t) * weights.bias.size());
  }
  for (const auto& [tensor, values] : model.constants) {
    bytes += static_cast<int64_t>(values.size());
  }
  return bytes;
}

}  // namespace
}  // namespace tflite

absl::StatusOr<std::string> ExportTflite(const Model& model) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  int64_t bytes = tflite::ConstantBytes(model);
  if (bytes > kMaxTfliteBytes) {
    return tflite::Invalid("the model has %d B of weights, at most %d are supported", bytes,
                           kMaxTfliteBytes);
  }
  return tflite::Exporter(model).Export();
}

}  // namespace boardloop
