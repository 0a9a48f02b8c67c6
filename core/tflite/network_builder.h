// Builds the Model while the operators of a file are read in order: keeps, for each tensor of the
// file, what has become of it.
//
// Operators that only describe how values are read are not emitted at once. PAD and a TRANSPOSE or
// MEAN that leaves another layout are remembered with the tensor, and the reader decides: a
// convolution takes the padding into its window, a MEAN reads through the layout. Any other reader
// calls ReadPlain, which emits the kPad or kReshape that is then needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/tflite/layout.h"
#include "core/tflite/tensor_reader.h"
#include "core/tflite/tflite_file.h"

namespace boardloop::tflite {

struct Padding {
  int32_t top = 0, bottom = 0, left = 0, right = 0;
  int32_t value = 0;  // The int8 value that is put there.
};

// Where the values of one tensor of the file are.
struct Value {
  int32_t tensor = -1;             // Index in the graph.
  Layout layout;                   // Of the file's dimensions on the graph tensor's shape.
  std::optional<Padding> padding;  // Still to be put around it; the layout is natural then.
};

class NetworkBuilder {
 public:
  // `file` is borrowed and must outlive the builder.
  NetworkBuilder(const TfliteFile& file, const std::string& name);

  const TfliteFile& file() const { return file_; }
  TensorReader& tensors() { return tensors_; }
  const Shape& shape(int32_t graph_tensor) const { return graph_.shape(graph_tensor); }
  const Quantization& quantization(int32_t graph_tensor) const {
    return model_.quantization[graph_tensor];
  }

  // Makes `tensor` the network's input.
  absl::Status DefineInput(int32_t tensor);
  bool has_input() const { return input_.has_value(); }

  // What an INT8 tensor has become; a constant enters the graph here.
  //
  // INVALID_ARGUMENT  no operator so far has produced the tensor
  // UNIMPLEMENTED     it is not INT8
  absl::StatusOr<Value> Read(int32_t tensor);

  // The graph tensor with the values of `tensor` in natural layout.
  //
  // UNIMPLEMENTED  transposed, or padded with another value than the zero point
  absl::StatusOr<int32_t> ReadPlain(int32_t tensor);

  // As Read, but with any padding put around it: only the layout may be unusual.
  absl::StatusOr<Value> ReadUnpadded(int32_t tensor);

  // Appends `op`, whose inputs are set, as the producer of `tensor`, and checks the file's shape,
  // type and quantization of it. Without `layout` it is natural.
  absl::Status Emit(Op op, int32_t tensor, OpWeights weights = {});
  absl::Status EmitWithLayout(Op op, int32_t tensor, const Layout& layout, OpWeights weights = {});

  // Says that `tensor` has the values of `value`: nothing is computed. Checks that it is new.
  //
  // UNIMPLEMENTED  `value` is a constant: converters compute what depends on constants alone
  absl::Status Define(int32_t tensor, Value value);

  // The tensor is INT8 and its quantization is that of graph tensor `like`: the operator copies
  // values.
  absl::Status CheckSameQuantization(int32_t tensor, int32_t like) const;

  // The model; the file's outputs become the graph's.
  absl::StatusOr<Model> Finish() &&;

 private:
  absl::Status CheckNew(int32_t tensor) const;
  absl::StatusOr<Value> DefineConstant(int32_t tensor);
  int32_t Append(Op op, const Quantization& quantization, OpWeights weights);
  absl::StatusOr<int32_t> MakePlain(int32_t tensor);
  absl::StatusOr<int32_t> Materialize(int32_t tensor, Op op);

  const TfliteFile& file_;
  TensorReader tensors_;
  GraphBuilder graph_;
  Model model_;  // Its graph is set at the end.
  std::vector<std::optional<Value>> values_;
  std::optional<int32_t> input_;  // Index in the graph.
};

}  // namespace boardloop::tflite
