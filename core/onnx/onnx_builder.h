// Writes the parts of an ONNX graph: nodes, constants and names. Knows nothing of models.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "core/onnx/onnx.pb.h"

namespace boardloop::onnx {

using Dims = std::vector<int64_t>;

class OnnxBuilder {
 public:
  // A name that no value has yet: `wanted`, or `wanted` with a number behind it.
  std::string UniqueName(const std::string& wanted);

  // Adds an operator with one output, named after what it makes; `output` comes from UniqueName. The
  // node is valid until the next is added, for SetAttribute.
  NodeProto& AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                     const std::string& output);

  // A constant; returns the name that `wanted` became. `values` are in row-major order.
  std::string AddInt8s(const std::string& wanted, const Dims& dims,
                       absl::Span<const int8_t> values);
  std::string AddInt32s(const std::string& wanted, const Dims& dims,
                        absl::Span<const int32_t> values);
  std::string AddInt64s(const std::string& wanted, const Dims& dims,
                        absl::Span<const int64_t> values);
  std::string AddFloats(const std::string& wanted, const Dims& dims,
                        absl::Span<const float> values);
  std::string AddFloat(const std::string& wanted, float value);   // A scalar.
  std::string AddInt8(const std::string& wanted, int32_t value);  // A scalar.

  // float32 values of the graph as a whole.
  void AddInput(const std::string& name, const Dims& dims);
  void AddOutput(const std::string& name, const Dims& dims);

  // The file's bytes.
  std::string Finish(const std::string& graph_name) &&;

 private:
  std::string AddInitializer(const std::string& wanted, TensorProto::DataType type,
                             const Dims& dims, std::string raw_data);

  ModelProto model_;
  std::set<std::string> names_;
};

void SetAttribute(NodeProto& node, const std::string& name, int64_t value);
void SetAttribute(NodeProto& node, const std::string& name, float value);
void SetAttribute(NodeProto& node, const std::string& name, const char* value);
void SetAttribute(NodeProto& node, const std::string& name, const std::vector<int64_t>& values);

}  // namespace boardloop::onnx
