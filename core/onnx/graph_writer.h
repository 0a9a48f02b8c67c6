// Builds the graph of an ONNX file: nodes, constants, names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "onnx.pb.h"

namespace boardloop::onnx {

// An attribute of a node.
Attribute IntAttribute(const std::string& name, int64_t value);
Attribute IntsAttribute(const std::string& name, std::vector<int64_t> values);
Attribute FloatAttribute(const std::string& name, float value);
Attribute TextAttribute(const std::string& name, const std::string& value);

// Appends to a graph. Each function returns the name of the value it makes; names are unique.
class GraphWriter {
 public:
  explicit GraphWriter(Graph* graph) : graph_(graph) {}

  std::string AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                      const std::string& name, const std::vector<Attribute>& attributes = {});

  std::string AddFloats(const std::string& name, const std::vector<float>& values,
                        const std::vector<int64_t>& dims);
  std::string AddInts(const std::string& name, const std::vector<int64_t>& values);
  std::string AddBytes(const std::string& name, const std::vector<int8_t>& values,
                       const std::vector<int64_t>& dims);
  std::string AddInt32s(const std::string& name, const std::vector<int32_t>& values);

  // The value in int8 and back, as `quantization` says.
  std::string AddQuantizeDequantize(const std::string& value, const std::string& name,
                                    const Quantization& quantization);
  // Real values of an int8 constant with one scale.
  std::string AddDequantized(const std::string& bytes, const std::string& name,
                             const Quantization& quantization);

  // The same value with its axes in another order, or another shape.
  std::string AddTranspose(const std::string& value, const std::string& name,
                           std::vector<int64_t> order);
  std::string AddReshape(const std::string& value, const std::string& name,
                         const std::vector<int64_t>& dims);

 private:
  std::string Unique(const std::string& name);
  std::string AddTensor(const std::string& name, Tensor::DataType type,
                        const std::vector<int64_t>& dims, const void* data, size_t bytes);

  Graph* graph_;
  int64_t names_ = 0;
};

}  // namespace boardloop::onnx
