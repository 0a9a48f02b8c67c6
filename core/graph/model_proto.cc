#include "core/graph/model_proto.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/graph/model_enums.h"

namespace boardloop {
namespace {

using P = v1::Model;

template <typename... Args>
absl::Status Invalid(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

// ---- Which fields an operator uses.

bool HasWindow(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kAveragePool || kind == OpKind::kMaxPool || kind == OpKind::kPad;
}

bool HasWeights(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kFullyConnected;
}

bool HasActivation(OpKind kind) {
  return HasWeights(kind) || kind == OpKind::kAdd || kind == OpKind::kMul ||
         kind == OpKind::kAveragePool || kind == OpKind::kMaxPool || kind == OpKind::kQuantize;
}

bool HasAxis(OpKind kind) { return kind == OpKind::kMean || kind == OpKind::kConcat; }

bool HasReshape(OpKind kind) { return kind == OpKind::kReshape || kind == OpKind::kResizeNearest; }

// ---- Names.

bool IsNameCharacter(char c) {
  return absl::ascii_isprint(static_cast<unsigned char>(c)) && c != '"';
}

std::string CleanName(const std::string& name) {
  std::string clean = name.substr(0, kMaxModelName);
  for (char& c : clean) {
    if (!IsNameCharacter(c)) c = '_';
  }
  return clean;
}

// Messages show names: what could break a line or a terminal does not get so far.
absl::Status CheckName(const std::string& name) {
  if (name.size() > kMaxModelName) {
    return Invalid("a name of %d characters, at most %d are supported", name.size(), kMaxModelName);
  }
  for (const char c : name) {
    if (IsNameCharacter(c)) continue;
    return Invalid("a name with the byte 0x%02x, must be printable ASCII without '\"'",
                   static_cast<unsigned char>(c));
  }
  return absl::OkStatus();
}

// ---- Parts in both directions.

std::string BytesOf(const std::vector<int8_t>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size()};
}

std::vector<int8_t> Int8sOf(const std::string& bytes) {
  const auto* data = reinterpret_cast<const int8_t*>(bytes.data());
  return {data, data + bytes.size()};
}

void ShapeToProto(const Shape& shape, P::Shape& proto) {
  proto.set_height(shape.height);
  proto.set_width(shape.width);
  proto.set_channels(shape.channels);
}

Shape ShapeFromProto(const P::Shape& proto) {
  return {proto.height(), proto.width(), proto.channels()};
}

void WindowToProto(const Window& window, P::Window& proto) {
  proto.set_kernel_h(window.kernel_h);
  proto.set_kernel_w(window.kernel_w);
  proto.set_stride_h(window.stride_h);
  proto.set_stride_w(window.stride_w);
  proto.set_pad_top(window.pad_top);
  proto.set_pad_bottom(window.pad_bottom);
  proto.set_pad_left(window.pad_left);
  proto.set_pad_right(window.pad_right);
}

Window WindowFromProto(const P::Window& proto) {
  return {proto.kernel_h(), proto.kernel_w(),   proto.stride_h(), proto.stride_w(),
          proto.pad_top(),  proto.pad_bottom(), proto.pad_left(), proto.pad_right()};
}

void WeightsToProto(const OpWeights& weights, P::Weights& proto) {
  proto.set_filter(BytesOf(weights.filter));
  proto.mutable_filter_scales()->Assign(weights.filter_scales.begin(), weights.filter_scales.end());
  proto.set_per_tensor(weights.per_tensor);
  proto.mutable_biases()->Assign(weights.bias.begin(), weights.bias.end());
}

OpWeights WeightsFromProto(const P::Weights& proto) {
  return {Int8sOf(proto.filter()),
          {proto.filter_scales().begin(), proto.filter_scales().end()},
          proto.per_tensor(),
          {proto.biases().begin(), proto.biases().end()}};
}

void OpToProto(const Op& op, const OpWeights& weights, P::Op& proto) {
  proto.set_kind(ToProto(op.kind));
  proto.set_name(CleanName(op.name));
  proto.mutable_inputs()->Assign(op.inputs.begin(), op.inputs.end());
  proto.set_output(op.output);
  proto.set_activation(ToProto(op.activation));
  if (HasAxis(op.kind)) proto.set_axis(ToProto(op.axis));
  if (HasWindow(op.kind)) WindowToProto(op.window, *proto.mutable_window());
  if (HasWeights(op.kind)) {
    proto.set_out_channels(op.out_channels);
    WeightsToProto(weights, *proto.mutable_weights());
  }
  if (HasReshape(op.kind)) ShapeToProto(op.reshape, *proto.mutable_reshape());
  proto.set_align_corners(op.align_corners);
  proto.set_half_pixel_centers(op.half_pixel_centers);
  if (op.kind == OpKind::kSoftmax) proto.set_beta(op.beta);
}

// ---- Reading.

// A field that is there although the operator has no use for it, or is missing, says that writer and
// reader do not mean the same.
absl::Status CheckPresence(const std::string& field, bool present, bool wanted) {
  if (present == wanted) return absl::OkStatus();
  return Invalid("field %s is %s, must be %s for this kind of operator", field,
                 present ? "set" : "missing", wanted ? "set" : "absent");
}

absl::Status CheckFields(const P::Op& proto, OpKind kind) {
  BL_RETURN_IF_ERROR(CheckPresence("window", proto.has_window(), HasWindow(kind)));
  BL_RETURN_IF_ERROR(CheckPresence("weights", proto.has_weights(), HasWeights(kind)));
  BL_RETURN_IF_ERROR(CheckPresence("out_channels", proto.out_channels() != 0, HasWeights(kind)));
  BL_RETURN_IF_ERROR(CheckPresence("reshape", proto.has_reshape(), HasReshape(kind)));
  BL_RETURN_IF_ERROR(CheckPresence("axis", proto.axis() != P::AXIS_UNSPECIFIED, HasAxis(kind)));
  // NaN is set.
  const bool has_beta = !(proto.beta() == 0);
  BL_RETURN_IF_ERROR(CheckPresence("beta", has_beta, kind == OpKind::kSoftmax));
  if (kind == OpKind::kResizeNearest) return absl::OkStatus();
  BL_RETURN_IF_ERROR(CheckPresence("align_corners", proto.align_corners(), false));
  return CheckPresence("half_pixel_centers", proto.half_pixel_centers(), false);
}

absl::StatusOr<Op> OpFromProto(const P::Op& proto) {
  BL_RETURN_IF_ERROR(CheckName(proto.name()));
  const std::optional<OpKind> kind = FromProto(proto.kind());
  if (!kind.has_value()) return Invalid("kind %d, must be one of OpKind", proto.kind());
  const std::optional<Activation> activation = FromProto(proto.activation());
  if (!activation.has_value()) {
    return Invalid("activation %d, must be one of Activation", proto.activation());
  }
  if (*activation != Activation::kNone && !HasActivation(*kind)) {
    return Invalid("%s with the activation %s, it has none", OpKindName(*kind),
                   ActivationName(*activation));
  }
  BL_RETURN_IF_ERROR(Annotate(CheckFields(proto, *kind), OpKindName(*kind)));
  if (proto.inputs_size() > kMaxDimension) {
    return Invalid("%d inputs, at most %d are supported", proto.inputs_size(), kMaxDimension);
  }
  Op op;
  op.kind = *kind;
  op.name = proto.name();
  op.inputs.assign(proto.inputs().begin(), proto.inputs().end());
  op.output = proto.output();
  op.activation = *activation;
  if (HasAxis(*kind)) {
    const std::optional<Axis> axis = FromProto(proto.axis());
    if (!axis.has_value()) return Invalid("axis %d, must be one of Axis", proto.axis());
    op.axis = *axis;
  }
  if (HasWindow(*kind)) op.window = WindowFromProto(proto.window());
  op.out_channels = proto.out_channels();
  if (HasReshape(*kind)) op.reshape = ShapeFromProto(proto.reshape());
  op.align_corners = proto.align_corners();
  op.half_pixel_centers = proto.half_pixel_centers();
  if (*kind == OpKind::kSoftmax) op.beta = proto.beta();
  return op;
}

absl::Status AddTensor(const P::Tensor& proto, Model& model) {
  BL_RETURN_IF_ERROR(CheckName(proto.name()));
  if (!proto.has_shape()) return Invalid("it has no shape");
  if (!proto.constant() && !proto.values().empty()) {
    return Invalid("%d values, but it is not a constant", proto.values().size());
  }
  const auto index = static_cast<int32_t>(model.graph.tensors.size());
  model.graph.tensors.push_back({ShapeFromProto(proto.shape()), proto.name(), proto.constant()});
  model.quantization.push_back({proto.scale(), proto.zero_point()});
  if (proto.constant()) model.constants[index] = Int8sOf(proto.values());
  return absl::OkStatus();
}

absl::Status CheckCount(const char* what, int count, size_t most) {
  if (static_cast<size_t>(count) <= most) return absl::OkStatus();
  return Invalid("%d %s, at most %d are supported", count, what, most);
}

}  // namespace

v1::Model ModelToProto(const Model& model) {
  const Graph& graph = model.graph;
  P proto;
  proto.set_format_version(kModelFormatVersion);
  proto.set_name(CleanName(graph.name));
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    P::Tensor& tensor = *proto.add_tensors();
    tensor.set_name(CleanName(graph.tensors[t].name));
    ShapeToProto(graph.tensors[t].shape, *tensor.mutable_shape());
    tensor.set_scale(model.quantization[t].scale);
    tensor.set_zero_point(model.quantization[t].zero_point);
    tensor.set_constant(graph.tensors[t].constant);
    const auto values = model.constants.find(static_cast<int32_t>(t));
    if (values != model.constants.end()) tensor.set_values(BytesOf(values->second));
  }
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    OpToProto(graph.ops[i], model.weights[i], *proto.add_ops());
  }
  proto.set_input(graph.input);
  proto.mutable_outputs()->Assign(graph.outputs.begin(), graph.outputs.end());
  return proto;
}

absl::StatusOr<Model> ModelFromProto(const v1::Model& proto) {
  if (proto.format_version() != kModelFormatVersion) {
    const std::string message = absl::StrFormat("format version %d, this program reads version %d",
                                                proto.format_version(), kModelFormatVersion);
    // Without any it is no model at all.
    return proto.format_version() <= 0 ? absl::InvalidArgumentError(message)
                                       : absl::UnimplementedError(message);
  }
  BL_RETURN_IF_ERROR(Annotate(CheckName(proto.name()), "the network"));
  BL_RETURN_IF_ERROR(CheckCount("tensors", proto.tensors_size(), kMaxModelTensors));
  BL_RETURN_IF_ERROR(CheckCount("operators", proto.ops_size(), kMaxOps));
  BL_RETURN_IF_ERROR(CheckCount("outputs", proto.outputs_size(), kMaxModelTensors));
  Model model;
  model.graph.name = proto.name();
  for (int t = 0; t < proto.tensors_size(); ++t) {
    BL_RETURN_IF_ERROR(
        Annotate(AddTensor(proto.tensors(t), model), absl::StrFormat("tensor %d", t)));
  }
  for (int i = 0; i < proto.ops_size(); ++i) {
    absl::StatusOr<Op> op = OpFromProto(proto.ops(i));
    if (!op.ok()) return Annotate(op.status(), absl::StrFormat("op %d", i));
    model.graph.ops.push_back(*std::move(op));
    model.weights.push_back(WeightsFromProto(proto.ops(i).weights()));
  }
  model.graph.input = proto.input();
  model.graph.outputs.assign(proto.outputs().begin(), proto.outputs().end());
  BL_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

}  // namespace boardloop
