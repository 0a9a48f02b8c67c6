#include "firmware/codegen/lower_portable.h"

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

absl::StatusOr<LoweredCall> LowerOne(const Model& model, const Step& step) {
  const Op& op = model.graph.ops[step.ops[0]];
  switch (op.kind) {
    case OpKind::kConv2d:
      return LowerPortableConvolution(
          model, step.ops[0], step.ops.size() > 1 ? &model.graph.ops[step.ops[1]] : nullptr);
    case OpKind::kDepthwiseConv2d:
      return LowerPortableDepthwise(model, step.ops[0]);
    case OpKind::kFullyConnected:
      return LowerPortableFullyConnected(model, step.ops[0]);
    case OpKind::kAdd:
    case OpKind::kMul:
      return LowerPortableElementwise(model, op);
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
      return LowerPortablePool(model, op);
    case OpKind::kMean:
      return LowerPortableMean(model, op);
    case OpKind::kSoftmax:
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return LowerPortableFunction(model, op);
    case OpKind::kPad:
    case OpKind::kReshape:
    case OpKind::kResizeNearest:
      return LowerPortableLayout(model, op);
    case OpKind::kConcat:
      break;  // Has a call for each input.
  }
  return absl::InternalError(absl::StrFormat("%s has no portable kernel", OpKindName(op.kind)));
}

// Tensors that are computed, not constant, among the operator's inputs. (An operator on constants
// alone has nothing to compute on a board.)
absl::Status CheckInputs(const Graph& graph, const Op& op) {
  for (int32_t input : op.inputs) {
    if (!graph.tensors[input].constant) return absl::OkStatus();
  }
  return absl::InvalidArgumentError("all its inputs are constants; fold it into a constant");
}

}  // namespace

absl::StatusOr<std::vector<LoweredCall>> LowerPortable(const Model& model, const Step& step) {
  const Op& op = model.graph.ops[step.ops[0]];
  const std::string label =
      absl::StrFormat("op %d (%s \"%s\")", step.ops[0], OpKindName(op.kind), op.name);
  BL_RETURN_IF_ERROR(Annotate(CheckInputs(model.graph, op), label));
  if (op.kind == OpKind::kConcat) return LowerPortableConcat(model, op);
  absl::StatusOr<LoweredCall> call = LowerOne(model, step);
  if (!call.ok()) return Annotate(call.status(), label);
  std::vector<LoweredCall> calls;
  calls.push_back(*std::move(call));
  return calls;
}

}  // namespace boardloop
