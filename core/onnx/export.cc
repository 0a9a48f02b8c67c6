#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/onnx/channels_first.h"
#include "core/onnx/exporter.h"
#include "core/onnx/onnx.h"

namespace boardloop {
namespace onnx {
namespace {

// Whether every int8 number stands for a value of at least (at most) `limit`: then QuantizeLinear
// clamps by itself.
bool ImpliesLow(const Quantization& q, float limit) {
  return q.zero_point + std::round(limit / q.scale) <= -128;
}
bool ImpliesHigh(const Quantization& q, float limit) {
  return q.zero_point + std::round(limit / q.scale) >= 127;
}

bool IsVector(const Shape& shape) { return shape.height == 1 && shape.width == 1; }

}  // namespace

Dims DimsOf(const Shape& shape) { return {1, shape.channels, shape.height, shape.width}; }

Exporter::Exporter(const Model& model)
    : model_(model), graph_(model.graph), names_(graph_.tensors.size()), real_(names_.size()) {}

// ---- Tensors.

// All tensors come first, so that no helper takes the name of one. The input's name belongs to what
// the caller gives, and an output's to what he gets; where that is another value than operators read,
// theirs gets a name of its own.
void Exporter::NameTensors() {
  std::vector<bool> apart(graph_.tensors.size());
  apart[graph_.input] = true;
  for (const int32_t output : graph_.outputs) {
    if (IsVector(graph_.shape(output))) apart[output] = true;
  }
  for (size_t t = 0; t < names_.size(); ++t) {
    const std::string& name = graph_.tensors[t].name;
    names_[t] = builder_.UniqueName(name.empty() ? absl::StrCat("tensor_", t) : name);
  }
  for (size_t t = 0; t < names_.size(); ++t) {
    real_[t] = apart[t] ? builder_.UniqueName(names_[t] + "/dequantized") : names_[t];
  }
}

QuantizationNames Exporter::AddQuantization(int32_t tensor) {
  const Quantization& q = model_.quantization[tensor];
  return {builder_.AddFloat(names_[tensor] + "/scale", q.scale),
          builder_.AddInt8(names_[tensor] + "/zero_point", q.zero_point)};
}

void Exporter::Dequantize(int32_t tensor, const std::string& quantized,
                          const QuantizationNames& names) {
  builder_.AddNode("DequantizeLinear", {quantized, names.scale, names.zero_point}, real_[tensor]);
}

void Exporter::QuantizeTensor(int32_t tensor, const std::string& value) {
  const QuantizationNames names = AddQuantization(tensor);
  const std::string quantized = builder_.UniqueName(names_[tensor] + "/quantized");
  builder_.AddNode("QuantizeLinear", {value, names.scale, names.zero_point}, quantized);
  Dequantize(tensor, quantized, names);
}

void Exporter::AddInput() {
  builder_.AddInput(names_[graph_.input], DimsOf(graph_.shape(graph_.input)));
  QuantizeTensor(graph_.input, names_[graph_.input]);
}

void Exporter::AddConstants() {
  for (size_t t = 0; t < graph_.tensors.size(); ++t) {
    if (!graph_.tensors[t].constant) continue;
    const auto tensor = static_cast<int32_t>(t);
    const Shape& shape = graph_.shape(tensor);
    const std::string quantized =
        builder_.AddInt8s(names_[t] + "/quantized", DimsOf(shape),
                          ChannelsFirst(model_.constants.at(tensor), 1, shape));
    Dequantize(tensor, quantized, AddQuantization(tensor));
  }
}

void Exporter::AddOutputs() {
  std::set<std::string> written = {names_[graph_.input]};
  for (const int32_t output : graph_.outputs) {
    const Shape& shape = graph_.shape(output);
    const bool vector = IsVector(shape);
    // The graph's input, or an output named twice, cannot have the name again.
    std::string name = names_[output];
    if (!written.insert(name).second) name = builder_.UniqueName(absl::StrCat(name, "/output"));
    if (name != real_[output]) {
      NodeProto& node = builder_.AddNode(vector ? "Flatten" : "Identity", {real_[output]}, name);
      if (vector) SetAttribute(node, "axis", int64_t{1});
    }
    builder_.AddOutput(name, vector ? Dims{1, shape.channels} : DimsOf(shape));
  }
}

// ---- Operators.

std::string Exporter::Local(const Op& op, const std::string& what) {
  return builder_.UniqueName(absl::StrCat(names_[op.output], "/", what));
}

std::string Exporter::Clip(const Op& op, const std::string& computed) {
  const Quantization& q = model_.quantization[op.output];
  if (op.activation == Activation::kNone) return computed;
  const float low = op.activation == Activation::kReluN1To1 ? -1.0f : 0.0f;
  const float high = op.activation == Activation::kRelu6 ? 6.0f : 1.0f;
  const bool has_high = op.activation != Activation::kRelu;
  if (ImpliesLow(q, low) && (!has_high || ImpliesHigh(q, high))) return computed;
  if (!has_high) {
    std::string clipped = Local(op, "clipped");
    builder_.AddNode("Relu", {computed}, clipped);
    return clipped;
  }
  const std::string min = builder_.AddFloat(names_[op.output] + "/min", low);
  const std::string max = builder_.AddFloat(names_[op.output] + "/max", high);
  std::string clipped = Local(op, "clipped");
  builder_.AddNode("Clip", {computed, min, max}, clipped);
  return clipped;
}

std::string Exporter::Compute(const Op& op, const OpWeights& weights) {
  switch (op.kind) {
    case OpKind::kConv2d:
      return Conv(op, weights);
    case OpKind::kDepthwiseConv2d:
      return Depthwise(op, weights);
    case OpKind::kFullyConnected:
      return FullyConnected(op, weights);
    case OpKind::kAdd:
      return Binary(op, "Add");
    case OpKind::kMul:
      return Binary(op, "Mul");
    case OpKind::kAveragePool:
      return Pool(op, "AveragePool");
    case OpKind::kMaxPool:
      return Pool(op, "MaxPool");
    case OpKind::kMean:
      return Mean(op);
    case OpKind::kPad:
      return Pad(op);
    case OpKind::kSoftmax:
      return Softmax(op);
    case OpKind::kReshape:
      return Reshape(op);
    case OpKind::kConcat:
      return Concat(op);
    case OpKind::kResizeNearest:
      return Resize(op);
    case OpKind::kQuantize:
      return Real(op);
    case OpKind::kHardSwish:
      return HardSwish(op);
    case OpKind::kSigmoid:
      return Sigmoid(op);
  }
  return Real(op);
}

std::string Exporter::Export() && {
  NameTensors();
  AddInput();
  AddConstants();
  for (size_t i = 0; i < graph_.ops.size(); ++i) {
    const Op& op = graph_.ops[i];
    QuantizeTensor(op.output, Clip(op, Compute(op, model_.weights[i])));
  }
  AddOutputs();
  return std::move(builder_).Finish(graph_.name.empty() ? "network" : graph_.name);
}

namespace {

// Weights and constants; the rest of a file is small beside them.
int64_t ConstantBytes(const Model& model) {
  size_t bytes = 0;
  for (const OpWeights& weights : model.weights) {
    bytes += weights.filter.size() + sizeof(int32_t) * weights.bias.size();
  }
  for (const auto& [tensor, values] : model.constants) bytes += values.size();
  return static_cast<int64_t>(bytes);
}

}  // namespace
}  // namespace onnx

absl::StatusOr<std::string> ExportOnnx(const Model& model) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  const int64_t bytes = onnx::ConstantBytes(model);
  if (bytes > kMaxOnnxBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the model has %d B of weights, at most %d are supported", bytes, kMaxOnnxBytes));
  }
  return onnx::Exporter(model).Export();
}

}  // namespace boardloop
