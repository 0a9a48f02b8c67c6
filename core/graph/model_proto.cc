#include "core/graph/model_proto.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

using Operator = v1::Model::Operator;

constexpr char kMagic[] = "BLMODEL1";
constexpr size_t kMagicBytes = sizeof(kMagic) - 1;
constexpr int32_t kVersion = 1;
constexpr int kMaxTensors = 65536;

struct KindPair {
  OpKind kind;
  Operator::Kind proto;
};
constexpr KindPair kKinds[] = {{OpKind::kConv2d, Operator::CONV_2D},
                               {OpKind::kDepthwiseConv2d, Operator::DEPTHWISE_CONV_2D},
                               {OpKind::kFullyConnected, Operator::FULLY_CONNECTED},
                               {OpKind::kAdd, Operator::ADD},
                               {OpKind::kMul, Operator::MUL},
                               {OpKind::kAveragePool, Operator::AVERAGE_POOL_2D},
                               {OpKind::kMaxPool, Operator::MAX_POOL_2D},
                               {OpKind::kMean, Operator::MEAN},
                               {OpKind::kPad, Operator::PAD},
                               {OpKind::kSoftmax, Operator::SOFTMAX},
                               {OpKind::kReshape, Operator::RESHAPE},
                               {OpKind::kConcat, Operator::CONCATENATION},
                               {OpKind::kResizeNearest, Operator::RESIZE_NEAREST_NEIGHBOR},
                               {OpKind::kQuantize, Operator::QUANTIZE},
                               {OpKind::kHardSwish, Operator::HARD_SWISH},
                               {OpKind::kSigmoid, Operator::LOGISTIC}};

Operator::Activation ToProto(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return Operator::RELU;
    case Activation::kRelu6:
      return Operator::RELU6;
    case Activation::kReluN1To1:
      return Operator::RELU_N1_TO_1;
    case Activation::kNone:
      break;
  }
  return Operator::ACTIVATION_UNSPECIFIED;
}

absl::StatusOr<Activation> FromProto(Operator::Activation activation) {
  switch (activation) {
    case Operator::ACTIVATION_UNSPECIFIED:
      return Activation::kNone;
    case Operator::RELU:
      return Activation::kRelu;
    case Operator::RELU6:
      return Activation::kRelu6;
    case Operator::RELU_N1_TO_1:
      return Activation::kReluN1To1;
    default:
      break;
  }
  return absl::InvalidArgumentError(absl::StrFormat("unknown activation %d", activation));
}

Operator::Axis ToProto(Axis axis) {
  switch (axis) {
    case Axis::kHeight:
      return Operator::HEIGHT;
    case Axis::kWidth:
      return Operator::WIDTH;
    case Axis::kChannels:
      break;
  }
  return Operator::CHANNELS;
}

absl::StatusOr<Axis> FromProto(Operator::Axis axis) {
  switch (axis) {
    case Operator::HEIGHT:
      return Axis::kHeight;
    case Operator::WIDTH:
      return Axis::kWidth;
    case Operator::AXIS_UNSPECIFIED:
    case Operator::CHANNELS:
      return Axis::kChannels;
    default:
      break;
  }
  return absl::InvalidArgumentError(absl::StrFormat("unknown axis %d", axis));
}

v1::Model::Window ToProto(const Window& window) {
  v1::Model::Window proto;
  proto.set_kernel_h(window.kernel_h);
  proto.set_kernel_w(window.kernel_w);
  proto.set_stride_h(window.stride_h);
  proto.set_stride_w(window.stride_w);
  proto.set_pad_top(window.pad_top);
  proto.set_pad_bottom(window.pad_bottom);
  proto.set_pad_left(window.pad_left);
  proto.set_pad_right(window.pad_right);
  return proto;
}

Window FromProto(const v1::Model::Window& proto) {
  Window window;
  window.kernel_h = proto.kernel_h();
  window.kernel_w = proto.kernel_w();
  window.stride_h = proto.stride_h();
  window.stride_w = proto.stride_w();
  window.pad_top = proto.pad_top();
  window.pad_bottom = proto.pad_bottom();
  window.pad_left = proto.pad_left();
  window.pad_right = proto.pad_right();
  return window;
}

std::string Bytes(const std::vector<int8_t>& values) { return {values.begin(), values.end()}; }

v1::Model::Weights ToProto(const OpWeights& weights) {
  v1::Model::Weights proto;
  proto.set_filter(Bytes(weights.filter));
  const size_t scales = weights.per_tensor ? 1 : weights.filter_scales.size();
  proto.mutable_filter_scales()->Add(weights.filter_scales.begin(),
                                     weights.filter_scales.begin() + scales);
  proto.mutable_bias()->Add(weights.bias.begin(), weights.bias.end());
  return proto;
}

OpWeights FromProto(const v1::Model::Weights& proto, int32_t out_channels) {
  OpWeights weights;
  weights.filter.assign(proto.filter().begin(), proto.filter().end());
  weights.filter_scales.assign(proto.filter_scales().begin(), proto.filter_scales().end());
  weights.bias.assign(proto.bias().begin(), proto.bias().end());
  // One scale for several channels; bounded by the biases that the file has too.
  if (weights.filter_scales.size() == 1 && out_channels > 1 &&
      static_cast<size_t>(out_channels) == weights.bias.size()) {
    weights.filter_scales.resize(weights.bias.size(), weights.filter_scales[0]);
    weights.per_tensor = true;
  }
  return weights;
}

Operator OperatorToProto(const Model& model, size_t index) {
  const Op& op = model.graph.ops[index];
  Operator proto;
  for (const KindPair& pair : kKinds) {
    if (pair.kind == op.kind) proto.set_kind(pair.proto);
  }
  proto.set_name(op.name);
  proto.mutable_inputs()->Add(op.inputs.begin(), op.inputs.end());
  proto.set_output(op.output);
  proto.set_activation(ToProto(op.activation));
  proto.set_axis(ToProto(op.axis));
  *proto.mutable_window() = ToProto(op.window);
  proto.set_out_channels(op.out_channels);
  if (!model.weights[index].filter.empty())
    *proto.mutable_weights() = ToProto(model.weights[index]);
  proto.set_align_corners(op.align_corners);
  proto.set_half_pixel_centers(op.half_pixel_centers);
  proto.set_beta(op.beta);
  return proto;
}

absl::StatusOr<OpKind> KindFromProto(Operator::Kind kind) {
  for (const KindPair& pair : kKinds) {
    if (pair.proto == kind) return pair.kind;
  }
  return absl::InvalidArgumentError(absl::StrFormat("unknown kind of operator %d", kind));
}

absl::Status CheckIndex(int32_t tensor, size_t tensors) {
  if (tensor >= 0 && static_cast<size_t>(tensor) < tensors) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("tensor %d of %d", tensor, tensors));
}

absl::StatusOr<Op> OperatorFromProto(const Operator& proto, const Graph& graph) {
  Op op;
  BL_ASSIGN_OR_RETURN(op.kind, KindFromProto(proto.kind()));
  BL_ASSIGN_OR_RETURN(op.activation, FromProto(proto.activation()));
  BL_ASSIGN_OR_RETURN(op.axis, FromProto(proto.axis()));
  op.name = proto.name();
  for (const int32_t input : proto.inputs()) {
    BL_RETURN_IF_ERROR(CheckIndex(input, graph.tensors.size()));
    op.inputs.push_back(input);
  }
  BL_RETURN_IF_ERROR(CheckIndex(proto.output(), graph.tensors.size()));
  op.output = proto.output();
  op.window = FromProto(proto.window());
  op.out_channels = proto.out_channels();
  op.align_corners = proto.align_corners();
  op.half_pixel_centers = proto.half_pixel_centers();
  op.beta = proto.beta();
  if (op.kind == OpKind::kReshape || op.kind == OpKind::kResizeNearest) {
    op.reshape = graph.shape(op.output);
  }
  return op;
}

absl::Status AddTensor(const v1::Model::Tensor& proto, Model& model) {
  Tensor tensor;
  tensor.shape = {proto.height(), proto.width(), proto.channels()};
  for (const int32_t extent : {proto.height(), proto.width(), proto.channels()}) {
    if (extent >= 1 && extent <= kMaxDimension) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("tensor \"%s\" is %s, extents must be in [1, %d]", proto.name(),
                        tensor.shape.ToString(), kMaxDimension));
  }
  tensor.name = proto.name();
  tensor.constant = !proto.constant().empty();
  if (tensor.constant) {
    model.constants[static_cast<int32_t>(model.graph.tensors.size())] = {proto.constant().begin(),
                                                                         proto.constant().end()};
  }
  model.graph.tensors.push_back(std::move(tensor));
  model.quantization.push_back({proto.scale(), proto.zero_point()});
  return absl::OkStatus();
}

}  // namespace

v1::Model ModelToProto(const Model& model) {
  const Graph& graph = model.graph;
  v1::Model proto;
  proto.set_version(kVersion);
  proto.set_name(graph.name);
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor& tensor = graph.tensors[t];
    v1::Model::Tensor& added = *proto.add_tensors();
    added.set_name(tensor.name);
    added.set_height(tensor.shape.height);
    added.set_width(tensor.shape.width);
    added.set_channels(tensor.shape.channels);
    added.set_scale(model.quantization[t].scale);
    added.set_zero_point(model.quantization[t].zero_point);
    const auto constant = model.constants.find(static_cast<int32_t>(t));
    if (constant != model.constants.end()) added.set_constant(Bytes(constant->second));
  }
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    *proto.add_operators() = OperatorToProto(model, i);
  }
  proto.set_input(graph.input);
  proto.mutable_outputs()->Add(graph.outputs.begin(), graph.outputs.end());
  return proto;
}

absl::StatusOr<Model> ModelFromProto(const v1::Model& proto) {
  if (proto.version() != kVersion) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "it is of version %d, this program reads version %d", proto.version(), kVersion));
  }
  if (proto.tensors_size() > kMaxTensors || proto.operators_size() > static_cast<int>(kMaxOps)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d tensors and %d operators, at most %d and %d are read",
                        proto.tensors_size(), proto.operators_size(), kMaxTensors, kMaxOps));
  }
  Model model;
  model.graph.name = proto.name();
  for (const v1::Model::Tensor& tensor : proto.tensors()) {
    BL_RETURN_IF_ERROR(AddTensor(tensor, model));
  }
  for (int i = 0; i < proto.operators_size(); ++i) {
    const Operator& op = proto.operators(i);
    absl::StatusOr<Op> added = OperatorFromProto(op, model.graph);
    if (!added.ok()) {
      return Annotate(added.status(), absl::StrFormat("operator %d \"%s\"", i, op.name()));
    }
    model.graph.ops.push_back(std::move(*added));
    model.weights.push_back(FromProto(op.weights(), op.out_channels()));
  }
  BL_RETURN_IF_ERROR(Annotate(CheckIndex(proto.input(), model.graph.tensors.size()), "the input"));
  model.graph.input = proto.input();
  for (const int32_t output : proto.outputs()) {
    BL_RETURN_IF_ERROR(Annotate(CheckIndex(output, model.graph.tensors.size()), "an output"));
    model.graph.outputs.push_back(output);
  }
  BL_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

std::string SerializeModel(const Model& model) {
  std::string bytes = kMagic;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  ModelToProto(model).SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

bool LooksLikeModel(const std::string& bytes) { return bytes.compare(0, kMagicBytes, kMagic) == 0; }

absl::StatusOr<Model> ParseModel(const std::string& bytes, const std::string& source) {
  if (!LooksLikeModel(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, " is not a model of Boardloop: it does not begin with ", kMagic));
  }
  v1::Model proto;
  if (!proto.ParseFromArray(bytes.data() + kMagicBytes,
                            static_cast<int>(bytes.size() - kMagicBytes))) {
    return absl::InvalidArgumentError(absl::StrCat(source, " is cut off or damaged"));
  }
  absl::StatusOr<Model> model = ModelFromProto(proto);
  if (!model.ok()) return Annotate(model.status(), source);
  return model;
}

}  // namespace boardloop
