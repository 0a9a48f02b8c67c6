// Operators that work value by value, SOFTMAX, and the quantization at the network's edges.
#include <utility>

#include "core/tflite/import_operators.h"

namespace boardloop::tflite {
namespace {

absl::Status ImportBinary(NetworkBuilder& net, const FileOperator& op, OpKind kind,
                          fb::ActivationFunctionType activation) {
  Op binary;
  binary.kind = kind;
  BL_ASSIGN_OR_RETURN(binary.activation, ReadActivation(activation));
  for (size_t i = 0; i < 2; ++i) {
    BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(i)));
    binary.inputs.push_back(input);
  }
  return net.Emit(std::move(binary), op.outputs[0]);
}

absl::Status ImportUnary(NetworkBuilder& net, const FileOperator& op, OpKind kind,
                         Activation activation = Activation::kNone) {
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  Op unary;
  unary.kind = kind;
  unary.activation = activation;
  unary.inputs = {input};
  return net.Emit(std::move(unary), op.outputs[0]);
}

// An operator at the edge of the network changes neither shape nor order.
absl::Status CheckSameExtents(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(Extents in, net.tensors().ReadExtents(op.input(0)));
  BL_ASSIGN_OR_RETURN(Extents out, net.tensors().ReadExtents(op.outputs[0]));
  if (in == out) return absl::OkStatus();
  return Invalid("output %s has shape %s, the input has %s", net.file().Quoted(op.outputs[0]),
                 ToString(out), ToString(in));
}

// The values the network returns are those before the operator.
absl::Status DropAtOutput(NetworkBuilder& net, const FileOperator& op) {
  if (!net.file().IsOutput(op.outputs[0])) {
    return Unsupported("%s is not an output of the network; only INT8 is supported inside",
                       net.file().Quoted(op.outputs[0]));
  }
  BL_RETURN_IF_ERROR(CheckSameExtents(net, op));
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  BL_ASSIGN_OR_RETURN(Value value, net.Read(op.input(0)));
  return net.Define(op.outputs[0], Value{input, value.layout, std::nullopt});
}

}  // namespace

absl::Status ImportAdd(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::AddOptions>(op));
  return ImportBinary(net, op, OpKind::kAdd, options->fused_activation_function());
}

absl::Status ImportMul(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::MulOptions>(op));
  return ImportBinary(net, op, OpKind::kMul, options->fused_activation_function());
}

absl::Status ImportSoftmax(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::SoftmaxOptions>(op));
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  Op softmax;
  softmax.kind = OpKind::kSoftmax;
  softmax.beta = options->beta();
  softmax.inputs = {input};
  return net.Emit(std::move(softmax), op.outputs[0]);
}

absl::Status ImportHardSwish(NetworkBuilder& net, const FileOperator& op) {
  return ImportUnary(net, op, OpKind::kHardSwish);
}

absl::Status ImportLogistic(NetworkBuilder& net, const FileOperator& op) {
  return ImportUnary(net, op, OpKind::kSigmoid);
}

absl::Status ImportRelu(NetworkBuilder& net, const FileOperator& op) {
  Activation activation = op.code == fb::BuiltinOperator::RELU    ? Activation::kRelu
                          : op.code == fb::BuiltinOperator::RELU6 ? Activation::kRelu6
                                                                  : Activation::kReluN1To1;
  return ImportUnary(net, op, OpKind::kQuantize, activation);
}

absl::Status ImportQuantize(NetworkBuilder& net, const FileOperator& op) {
  if (op.input(0) == kAbsentInput) return Invalid("an input is missing");
  fb::TensorType from = net.file().tensor(op.input(0)).type();
  fb::TensorType to = net.file().tensor(op.outputs[0]).type();
  bool from_int8 = from == fb::TensorType::INT8;
  bool to_int8 = to == fb::TensorType::INT8;
  if (from_int8 && to_int8) return ImportUnary(net, op, OpKind::kQuantize);
  if ((from == fb::TensorType::FLOAT32 || from == fb::TensorType::UINT8) && to_int8) {
    if (op.input(0) != net.file().inputs()[0]) {
      return Unsupported("%s is %s and not the network's input; only INT8 is supported inside",
                         net.file().Quoted(op.input(0)), TypeName(from));
    }
    BL_RETURN_IF_ERROR(CheckSameExtents(net, op));
    return net.DefineInput(op.outputs[0]);
  }
  if (from_int8 && to == fb::TensorType::UINT8) return DropAtOutput(net, op);
  return Unsupported("from %s to %s; supported are INT8 to INT8, and FLOAT32 or UINT8 at the edges",
                     TypeName(from), TypeName(to));
}

absl::Status ImportDequantize(NetworkBuilder& net, const FileOperator& op) {
  if (op.input(0) == kAbsentInput) return Invalid("an input is missing");
  BL_RETURN_IF_ERROR(net.tensors().CheckType(op.outputs[0], fb::TensorType::FLOAT32));
  return DropAtOutput(net, op);
}

}  // namespace boardloop::tflite
