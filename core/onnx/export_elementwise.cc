// Operators that compute each value, or each pixel, by itself; pools and means.
#include "core/onnx/exporter.h"

namespace boardloop::onnx {

// Broadcasts as ours do: all tensors have four dimensions.
std::string Exporter::Binary(const Op& op, const char* op_type) {
  std::string result = Local(op, "float");
  builder_.AddNode(op_type, {Real(op, 0), Real(op, 1)}, result);
  return result;
}

std::string Exporter::Softmax(const Op& op) {
  std::string scaled = Real(op);
  if (op.beta != 1) {
    const std::string beta = builder_.AddFloat(names_[op.output] + "/beta", op.beta);
    scaled = Local(op, "scaled");
    builder_.AddNode("Mul", {Real(op), beta}, scaled);
  }
  std::string result = Local(op, "float");
  SetAttribute(builder_.AddNode("Softmax", {scaled}, result), "axis", int64_t{1});
  return result;
}

// x * (x / 6 + 1/2), the second factor within [0, 1]: opset 13 has no HardSwish.
std::string Exporter::HardSwish(const Op& op) {
  const std::string gate = Local(op, "gate");
  NodeProto& node = builder_.AddNode("HardSigmoid", {Real(op)}, gate);
  SetAttribute(node, "alpha", 1.0f / 6);
  SetAttribute(node, "beta", 0.5f);
  std::string result = Local(op, "float");
  builder_.AddNode("Mul", {Real(op), gate}, result);
  return result;
}

std::string Exporter::Sigmoid(const Op& op) {
  std::string result = Local(op, "float");
  builder_.AddNode("Sigmoid", {Real(op)}, result);
  return result;
}

// ONNX neither counts padding in an average, unless told to, nor lets it win a maximum.
std::string Exporter::Pool(const Op& op, const char* op_type) {
  std::string result = Local(op, "float");
  SetWindow(builder_.AddNode(op_type, {Real(op)}, result), op.window);
  return result;
}

std::string Exporter::Mean(const Op& op) {
  std::string result = Local(op, "float");
  if (op.axis == Axis::kChannels) {
    builder_.AddNode("GlobalAveragePool", {Real(op)}, result);
    return result;
  }
  const int64_t axis = op.axis == Axis::kHeight ? 2 : 3;
  SetAttribute(builder_.AddNode("ReduceMean", {Real(op)}, result), "axes",
               std::vector<int64_t>{axis});
  return result;
}

}  // namespace boardloop::onnx
