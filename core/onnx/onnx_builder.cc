#include "core/onnx/onnx_builder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop::onnx {
namespace {

constexpr int64_t kIrVersion = 7;  // The one that came with opset 13's first release (ONNX 1.8).
constexpr int64_t kOpset = 13;     // The first with scales per channel.

// The format is little-endian, as are the machines that we support.
template <typename T>
std::string RawData(absl::Span<const T> values) {
  std::string raw(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
  return raw;
}

void Describe(ValueInfoProto& info, const std::string& name, const Dims& dims) {
  info.set_name(name);
  TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(TensorProto::FLOAT);
  for (const int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
}

AttributeProto& NewAttribute(NodeProto& node, const std::string& name,
                             AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

std::string OnnxBuilder::UniqueName(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; name.empty() || !names_.insert(name).second; ++i) {
    name = absl::StrCat(wanted, "_", i);
  }
  return name;
}

NodeProto& OnnxBuilder::AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                                const std::string& output) {
  NodeProto& node = *model_.mutable_graph()->add_node();
  node.set_op_type(op_type);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

std::string OnnxBuilder::AddInitializer(const std::string& wanted, TensorProto::DataType type,
                                        const Dims& dims, std::string raw_data) {
  TensorProto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(UniqueName(wanted));
  tensor.set_data_type(type);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(std::move(raw_data));
  return tensor.name();
}

std::string OnnxBuilder::AddInt8s(const std::string& wanted, const Dims& dims,
                                  absl::Span<const int8_t> values) {
  return AddInitializer(wanted, TensorProto::INT8, dims, RawData(values));
}

std::string OnnxBuilder::AddInt32s(const std::string& wanted, const Dims& dims,
                                   absl::Span<const int32_t> values) {
  return AddInitializer(wanted, TensorProto::INT32, dims, RawData(values));
}

std::string OnnxBuilder::AddInt64s(const std::string& wanted, const Dims& dims,
                                   absl::Span<const int64_t> values) {
  return AddInitializer(wanted, TensorProto::INT64, dims, RawData(values));
}

std::string OnnxBuilder::AddFloats(const std::string& wanted, const Dims& dims,
                                   absl::Span<const float> values) {
  return AddInitializer(wanted, TensorProto::FLOAT, dims, RawData(values));
}

std::string OnnxBuilder::AddFloat(const std::string& wanted, float value) {
  return AddFloats(wanted, {}, {value});
}

std::string OnnxBuilder::AddInt8(const std::string& wanted, int32_t value) {
  return AddInt8s(wanted, {}, {static_cast<int8_t>(value)});
}

void OnnxBuilder::AddInput(const std::string& name, const Dims& dims) {
  Describe(*model_.mutable_graph()->add_input(), name, dims);
}

void OnnxBuilder::AddOutput(const std::string& name, const Dims& dims) {
  Describe(*model_.mutable_graph()->add_output(), name, dims);
}

std::string OnnxBuilder::Finish(const std::string& graph_name) && {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("boardloop");
  model_.mutable_graph()->set_name(graph_name);
  OperatorSetIdProto& opset = *model_.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  model_.SerializeToCodedStream(&output);
  output.Trim();
  return bytes;
}

void SetAttribute(NodeProto& node, const std::string& name, int64_t value) {
  NewAttribute(node, name, AttributeProto::INT).set_i(value);
}

void SetAttribute(NodeProto& node, const std::string& name, float value) {
  NewAttribute(node, name, AttributeProto::FLOAT).set_f(value);
}

void SetAttribute(NodeProto& node, const std::string& name, const char* value) {
  NewAttribute(node, name, AttributeProto::STRING).set_s(value);
}

void SetAttribute(NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  AttributeProto& attribute = NewAttribute(node, name, AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
}

}  // namespace boardloop::onnx
