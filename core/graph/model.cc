#include "core/graph/model.h"

#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

template <typename... Args>
absl::Status Invalid(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

bool IsScale(float scale) { return std::isfinite(scale) && scale > 0; }

absl::Status ValidateTensor(const Model& model, int32_t index) {
  const Quantization& q = model.quantization[index];
  if (!IsScale(q.scale)) return Invalid("scale %g, must be finite and above 0", q.scale);
  if (q.zero_point < -128 || q.zero_point > 127) {
    return Invalid("zero point %d, must be in [-128, 127]", q.zero_point);
  }
  const Tensor& tensor = model.graph.tensors[index];
  auto values = model.constants.find(index);
  size_t found = values == model.constants.end() ? 0 : values->second.size();
  size_t wanted = tensor.constant ? static_cast<size_t>(tensor.shape.elements()) : 0;
  if (found == wanted) return absl::OkStatus();
  return Invalid("%d constant values, must have %d", found, wanted);
}

absl::Status ValidateWeights(const Model& model, size_t index) {
  const Op& op = model.graph.ops[index];
  const OpWeights& weights = model.weights[index];
  size_t elements = static_cast<size_t>(FilterElements(model.graph, op));
  if (weights.filter.size() != elements) {
    return Invalid("a filter of %d values, must have %d", weights.filter.size(), elements);
  }
  size_t channels = elements == 0 ? 0 : static_cast<size_t>(op.out_channels);
  if (weights.filter_scales.size() != channels || weights.bias.size() != channels) {
    return Invalid("%d filter scales and %d biases, must have %d of each",
                   weights.filter_scales.size(), weights.bias.size(), channels);
  }
  for (size_t c = 0; c < channels; ++c) {
    float scale = weights.filter_scales[c];
    if (!IsScale(scale)) {
      return Invalid("filter scale %g in channel %d, must be finite and above 0", scale, c);
    }
    if (weights.per_tensor && scale != weights.filter_scales[0]) {
      return Invalid("filter scale %g in channel %d of a filter with one scale, %g", scale, c,
                     weights.filter_scales[0]);
    }
  }
  return absl::OkStatus();
}

// Operators that copy values do not rescale them.
bool CopiesValues(OpKind kind) {
  switch (kind) {
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
    case OpKind::kPad:
    case OpKind::kReshape:
    case OpKind::kConcat:
    case OpKind::kResizeNearest:
      return true;
    default:
      return false;
  }
}

absl::Status ValidateQuantization(const Model& model, const Op& op) {
  const Quantization& out = model.quantization[op.output];
  if (CopiesValues(op.kind)) {
    for (int32_t input : op.inputs) {
      const Quantization& in = model.quantization[input];
      if (in.scale == out.scale && in.zero_point == out.zero_point) continue;
      return Invalid(
          "scale %.9g and zero point %d of the output, but %.9g and %d of an input; they must be "
          "equal",
          out.scale, out.zero_point, in.scale, in.zero_point);
    }
  }
  // Their results lie in [0, 1): TFLite fixes the scale.
  bool in_unit = op.kind == OpKind::kSoftmax || op.kind == OpKind::kSigmoid;
  if (in_unit && (out.scale != 1.0f / 256 || out.zero_point != -128)) {
    return Invalid("scale %.9g and zero point %d of the output, must be 1/256 and -128", out.scale,
                   out.zero_point);
  }
  if (op.kind == OpKind::kSoftmax && !IsScale(op.beta)) {
    return Invalid("beta %g, must be finite and above 0", op.beta);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateModel(const Model& model) {
  const Graph& graph = model.graph;
  BL_RETURN_IF_ERROR(Validate(graph));
  if (model.quantization.size() != graph.tensors.size() ||
      model.weights.size() != graph.ops.size()) {
    return Invalid("quantization for %d tensors and weights for %d ops, the graph has %d and %d",
                   model.quantization.size(), model.weights.size(), graph.tensors.size(),
                   graph.ops.size());
  }
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    BL_RETURN_IF_ERROR(Annotate(ValidateTensor(model, static_cast<int32_t>(t)),
                                absl::StrFormat("tensor %d \"%s\"", t, graph.tensors[t].name)));
  }
  for (const auto& [tensor, values] : model.constants) {
    if (tensor >= 0 && static_cast<size_t>(tensor) < graph.tensors.size()) continue;
    return Invalid("constant values for tensor %d, the graph has %d tensors", tensor,
                   graph.tensors.size());
  }
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    std::string label = absl::StrFormat("op %d (%s \"%s\")", i, OpKindName(op.kind), op.name);
    BL_RETURN_IF_ERROR(Annotate(ValidateWeights(model, i), label));
    BL_RETURN_IF_ERROR(Annotate(ValidateQuantization(model, op), label));
  }
  return absl::OkStatus();
}

}  // namespace boardloop
