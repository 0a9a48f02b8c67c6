#include "core/tflite/network_builder.h"

#include <utility>

#include "core/base/status.h"
#include "core/tflite/errors.h"
#include "core/tflite/operator_names.h"

namespace boardloop::tflite {

NetworkBuilder::NetworkBuilder(const TfliteFile& file, const std::string& name)
    : file_(file), tensors_(file), graph_(name), values_(file.tensor_count()) {}

absl::Status NetworkBuilder::CheckNew(int32_t tensor) const {
  if (values_[tensor].has_value()) {
    return Invalid("%s has been produced before", file_.Quoted(tensor));
  }
  if (file_.tensor(tensor).is_variable()) {
    return Unsupported("%s is a variable that lives between runs; such are not supported",
                       file_.Quoted(tensor));
  }
  BL_ASSIGN_OR_RETURN(absl::Span<const uint8_t> data, file_.Data(tensor));
  if (data.empty()) return absl::OkStatus();
  return Invalid("%s is a constant and cannot be written", file_.Quoted(tensor));
}

absl::Status NetworkBuilder::DefineInput(int32_t tensor) {
  if (has_input()) {
    return Unsupported("%s would be a second input; one is supported", file_.Quoted(tensor));
  }
  BL_RETURN_IF_ERROR(CheckNew(tensor));
  BL_RETURN_IF_ERROR(tensors_.CheckType(tensor, fb::TensorType::INT8));
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(Shape shape, NaturalShape(extents));
  BL_ASSIGN_OR_RETURN(Quantization quantization, tensors_.ReadQuantization(tensor));
  int32_t index = graph_.Input(shape, CleanName(file_.tensor(tensor).name()));
  model_.quantization.push_back(quantization);
  values_[tensor] = Value{index, NaturalLayout(extents.size()), std::nullopt};
  input_ = index;
  return absl::OkStatus();
}

absl::StatusOr<Value> NetworkBuilder::DefineConstant(int32_t tensor) {
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(Shape shape, NaturalShape(extents));
  BL_ASSIGN_OR_RETURN(Quantization quantization, tensors_.ReadQuantization(tensor));
  BL_ASSIGN_OR_RETURN(std::vector<int8_t> values, tensors_.ReadInt8(tensor));
  int32_t index = graph_.Constant(shape, CleanName(file_.tensor(tensor).name()));
  model_.quantization.push_back(quantization);
  model_.constants[index] = std::move(values);
  values_[tensor] = Value{index, NaturalLayout(extents.size()), std::nullopt};
  return *values_[tensor];
}

absl::StatusOr<Value> NetworkBuilder::Read(int32_t tensor) {
  if (tensor == kAbsentInput) return Invalid("an input is missing");
  BL_RETURN_IF_ERROR(tensors_.CheckType(tensor, fb::TensorType::INT8));
  if (values_[tensor].has_value()) return *values_[tensor];
  BL_ASSIGN_OR_RETURN(absl::Span<const uint8_t> data, file_.Data(tensor));
  if (!data.empty()) return DefineConstant(tensor);
  return Invalid("input %s is read before any operator has produced it", file_.Quoted(tensor));
}

absl::StatusOr<int32_t> NetworkBuilder::ReadPlain(int32_t tensor) {
  BL_RETURN_IF_ERROR(Read(tensor).status());
  return MakePlain(tensor);
}

absl::StatusOr<Value> NetworkBuilder::ReadUnpadded(int32_t tensor) {
  BL_ASSIGN_OR_RETURN(Value value, Read(tensor));
  if (value.padding.has_value()) BL_RETURN_IF_ERROR(MakePlain(tensor).status());
  return *values_[tensor];
}

absl::StatusOr<int32_t> NetworkBuilder::MakePlain(int32_t tensor) {
  const Value value = *values_[tensor];
  const Shape in = shape(value.tensor);  // A copy: adding an operator moves it.
  if (value.padding.has_value()) {
    const Padding& padding = *value.padding;
    if (padding.value != quantization(value.tensor).zero_point) {
      return Unsupported(
          "%s is padded with %d; only its zero point %d, or -128 in front of a MAX_POOL_2D with "
          "VALID padding, is supported",
          file_.Quoted(tensor), padding.value, quantization(value.tensor).zero_point);
    }
    Op op;
    op.kind = OpKind::kPad;
    op.inputs = {value.tensor};
    op.window.pad_top = padding.top;
    op.window.pad_bottom = padding.bottom;
    op.window.pad_left = padding.left;
    op.window.pad_right = padding.right;
    return Materialize(tensor, std::move(op));
  }
  if (!InOrder(value.layout, in)) {
    return Unsupported(
        "%s is transposed; a TRANSPOSE that moves values is supported only in front of MEAN",
        file_.Quoted(tensor));
  }
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(Shape natural, NaturalShape(extents));
  if (natural == in) return value.tensor;
  Op op;
  op.kind = OpKind::kReshape;
  op.inputs = {value.tensor};
  op.reshape = natural;
  return Materialize(tensor, std::move(op));
}

absl::StatusOr<int32_t> NetworkBuilder::Materialize(int32_t tensor, Op op) {
  op.name = CleanName(file_.tensor(tensor).name());
  const Quantization quantized = quantization(op.inputs[0]);
  BL_RETURN_IF_ERROR(InferShape(op, {shape(op.inputs[0])}).status());
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  int32_t output = Append(std::move(op), quantized, {});
  values_[tensor] = Value{output, NaturalLayout(extents.size()), std::nullopt};
  return output;
}

int32_t NetworkBuilder::Append(Op op, const Quantization& quantization, OpWeights weights) {
  model_.quantization.push_back(quantization);
  model_.weights.push_back(std::move(weights));
  return graph_.Add(std::move(op));
}

absl::Status NetworkBuilder::Emit(Op op, int32_t tensor, OpWeights weights) {
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  return EmitWithLayout(std::move(op), tensor, NaturalLayout(extents.size()), std::move(weights));
}

absl::Status NetworkBuilder::EmitWithLayout(Op op, int32_t tensor, const Layout& layout,
                                            OpWeights weights) {
  BL_RETURN_IF_ERROR(CheckNew(tensor));
  BL_RETURN_IF_ERROR(tensors_.CheckType(tensor, fb::TensorType::INT8));
  BL_ASSIGN_OR_RETURN(Extents extents, tensors_.ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(Quantization quantization, tensors_.ReadQuantization(tensor));
  absl::InlinedVector<Shape, 2> inputs;
  for (int32_t input : op.inputs) inputs.push_back(shape(input));
  BL_ASSIGN_OR_RETURN(Shape output, InferShape(op, inputs));
  if (!Describes(layout, extents, output)) {
    return Invalid("output %s has shape %s, should hold %s", file_.Quoted(tensor),
                   ToString(extents), output.ToString());
  }
  op.name = CleanName(file_.tensor(tensor).name());
  values_[tensor] =
      Value{Append(std::move(op), quantization, std::move(weights)), layout, std::nullopt};
  return absl::OkStatus();
}

absl::Status NetworkBuilder::Define(int32_t tensor, Value value) {
  BL_RETURN_IF_ERROR(CheckNew(tensor));
  if (model_.constants.count(value.tensor) > 0) {
    return Unsupported("the operator reads a constant alone; its result must be the constant");
  }
  values_[tensor] = std::move(value);
  return absl::OkStatus();
}

absl::Status NetworkBuilder::CheckSameQuantization(int32_t tensor, int32_t like) const {
  BL_RETURN_IF_ERROR(tensors_.CheckType(tensor, fb::TensorType::INT8));
  BL_ASSIGN_OR_RETURN(Quantization found, tensors_.ReadQuantization(tensor));
  const Quantization& wanted = quantization(like);
  if (found.scale == wanted.scale && found.zero_point == wanted.zero_point) {
    return absl::OkStatus();
  }
  return Invalid(
      "output %s has scale %.9g and zero point %d, the input has %.9g and %d; they must "
      "be equal",
      file_.Quoted(tensor), found.scale, found.zero_point, wanted.scale, wanted.zero_point);
}

absl::StatusOr<Model> NetworkBuilder::Finish() && {
  std::vector<int32_t> outputs;
  for (int32_t tensor : file_.outputs()) {
    if (!values_[tensor].has_value()) {
      return Invalid("network output %s is produced by no operator", file_.Quoted(tensor));
    }
    BL_ASSIGN_OR_RETURN(int32_t output, MakePlain(tensor));
    if (output == input_ || model_.constants.count(output) > 0) {
      return Invalid("network output %s is computed by no operator", file_.Quoted(tensor));
    }
    outputs.push_back(output);
  }
  BL_ASSIGN_OR_RETURN(model_.graph, std::move(graph_).Build(std::move(outputs)));
  return std::move(model_);
}

}  // namespace boardloop::tflite
