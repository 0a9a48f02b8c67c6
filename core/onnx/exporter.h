// How a model becomes an ONNX graph, operator by operator. Private to core/onnx.
//
// For a tensor "x" of the model the graph has: what the operator computes ("x/float"), that value
// within the fused activation ("x/clipped"), its int8 numbers ("x/quantized"), and the real numbers
// they stand for ("x"), which the next operators read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/onnx/onnx_builder.h"

namespace boardloop::onnx {

// Constants of the graph.
struct QuantizationNames {
  std::string scale;
  std::string zero_point;
};

class Exporter {
 public:
  // `model` is valid, not owned, and outlives the exporter.
  explicit Exporter(const Model& model);

  std::string Export() &&;

 private:
  // ---- export.cc: tensors, and which operator is written by what.
  void NameTensors();
  void AddInput();
  void AddConstants();
  // Returns the name of what `op` computes, before its activation.
  std::string Compute(const Op& op, const OpWeights& weights);
  void AddOutputs();
  // DequantizeLinear of the int8 numbers `quantized` of `tensor` to its real_ name; before it, in
  // QuantizeTensor, the QuantizeLinear of `value`.
  void Dequantize(int32_t tensor, const std::string& quantized, const QuantizationNames& names);
  void QuantizeTensor(int32_t tensor, const std::string& value);
  QuantizationNames AddQuantization(int32_t tensor);
  // `computed` limited by the activation of `op`, unless int8 limits it as much.
  std::string Clip(const Op& op, const std::string& computed);
  const std::string& Real(const Op& op, int input = 0) const { return real_[op.inputs[input]]; }
  // A name for a value on the way to the output of `op`.
  std::string Local(const Op& op, const std::string& what);

  // ---- export_weighted.cc. For Compute, as those below.
  std::string Conv(const Op& op, const OpWeights& weights);
  std::string Depthwise(const Op& op, const OpWeights& weights);
  std::string FullyConnected(const Op& op, const OpWeights& weights);
  // Real values of the filter, whose int8 numbers are `values`, output channels first, and of the
  // bias.
  std::string Filter(const Op& op, const OpWeights& weights, const Dims& dims,
                     const std::vector<int8_t>& values);
  std::string Bias(const Op& op, const OpWeights& weights);

  // ---- export_elementwise.cc
  std::string Binary(const Op& op, const char* op_type);
  std::string Softmax(const Op& op);
  std::string HardSwish(const Op& op);
  std::string Sigmoid(const Op& op);
  std::string Pool(const Op& op, const char* op_type);
  std::string Mean(const Op& op);

  // ---- export_shaping.cc
  std::string Pad(const Op& op);
  std::string Reshape(const Op& op);
  std::string Concat(const Op& op);
  std::string Resize(const Op& op);
  // Copies rows or columns of `input`, by TFLite's rule.
  std::string GatherNearest(const Op& op, const std::string& input, Axis axis);

  const Model& model_;
  const Graph& graph_;
  OnnxBuilder builder_;
  std::vector<std::string> names_;  // By tensor: unique, the model's where possible.
  std::vector<std::string> real_;   // By tensor: the value that operators read.
};

// [1][C][H][W]
Dims DimsOf(const Shape& shape);

// kernel_shape, strides and pads of a convolution or pool.
void SetWindow(NodeProto& node, const Window& window);

}  // namespace boardloop::onnx
