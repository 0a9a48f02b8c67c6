#include "core/onnx/graph_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop::onnx {

Attribute IntAttribute(const std::string& name, int64_t value) {
  Attribute attribute;
  attribute.set_name(name);
  attribute.set_type(Attribute::INT);
  attribute.set_i(value);
  return attribute;
}

Attribute IntsAttribute(const std::string& name, std::vector<int64_t> values) {
  Attribute attribute;
  attribute.set_name(name);
  attribute.set_type(Attribute::INTS);
  attribute.mutable_ints()->Add(values.begin(), values.end());
  return attribute;
}

Attribute FloatAttribute(const std::string& name, float value) {
  Attribute attribute;
  attribute.set_name(name);
  attribute.set_type(Attribute::FLOAT);
  attribute.set_f(value);
  return attribute;
}

Attribute TextAttribute(const std::string& name, const std::string& value) {
  Attribute attribute;
  attribute.set_name(name);
  attribute.set_type(Attribute::STRING);
  attribute.set_s(value);
  return attribute;
}

std::string GraphWriter::Unique(const std::string& name) {
  return absl::StrCat(name, "/", names_++);
}

std::string GraphWriter::AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                                 const std::string& name,
                                 const std::vector<Attribute>& attributes) {
  const std::string output = Unique(name);
  Node& node = *graph_->add_node();
  node.set_op_type(op_type);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  for (const Attribute& attribute : attributes) *node.add_attribute() = attribute;
  return output;
}

std::string GraphWriter::AddTensor(const std::string& name, Tensor::DataType type,
                                   const std::vector<int64_t>& dims, const void* data,
                                   size_t bytes) {
  Tensor& tensor = *graph_->add_initializer();
  tensor.set_name(Unique(name));
  tensor.set_data_type(type);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  tensor.set_raw_data(data, bytes);
  return tensor.name();
}

std::string GraphWriter::AddFloats(const std::string& name, const std::vector<float>& values,
                                   const std::vector<int64_t>& dims) {
  return AddTensor(name, Tensor::FLOAT, dims, values.data(), values.size() * sizeof(float));
}

std::string GraphWriter::AddInts(const std::string& name, const std::vector<int64_t>& values) {
  return AddTensor(name, Tensor::INT64, {static_cast<int64_t>(values.size())}, values.data(),
                   values.size() * sizeof(int64_t));
}

std::string GraphWriter::AddBytes(const std::string& name, const std::vector<int8_t>& values,
                                  const std::vector<int64_t>& dims) {
  return AddTensor(name, Tensor::INT8, dims, values.data(), values.size());
}

std::string GraphWriter::AddInt32s(const std::string& name, const std::vector<int32_t>& values) {
  return AddTensor(name, Tensor::INT32, {static_cast<int64_t>(values.size())}, values.data(),
                   values.size() * sizeof(int32_t));
}

std::string GraphWriter::AddQuantizeDequantize(const std::string& value, const std::string& name,
                                               const Quantization& quantization) {
  const std::string scale = AddFloats(name + ".scale", {quantization.scale}, {});
  const std::string zero =
      AddBytes(name + ".zero_point", {static_cast<int8_t>(quantization.zero_point)}, {});
  const std::string bytes = AddNode("QuantizeLinear", {value, scale, zero}, name + ".quantized");
  return AddNode("DequantizeLinear", {bytes, scale, zero}, name);
}

std::string GraphWriter::AddDequantized(const std::string& bytes, const std::string& name,
                                        const Quantization& quantization) {
  const std::string scale = AddFloats(name + ".scale", {quantization.scale}, {});
  const std::string zero =
      AddBytes(name + ".zero_point", {static_cast<int8_t>(quantization.zero_point)}, {});
  return AddNode("DequantizeLinear", {bytes, scale, zero}, name);
}

std::string GraphWriter::AddTranspose(const std::string& value, const std::string& name,
                                      std::vector<int64_t> order) {
  return AddNode("Transpose", {value}, name, {IntsAttribute("perm", std::move(order))});
}

std::string GraphWriter::AddReshape(const std::string& value, const std::string& name,
                                    const std::vector<int64_t>& dims) {
  return AddNode("Reshape", {value, AddInts(name + ".shape", dims)}, name);
}

}  // namespace boardloop::onnx
