// How each operator of a file enters the network. An operator's function checks its options, inputs
// and constants, and emits at most one op of the graph for it.
#pragma once

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/tflite/errors.h"
#include "core/tflite/network_builder.h"
#include "core/tflite/operator_names.h"
#include "core/tflite/tflite_file.h"

namespace boardloop::tflite {

// import_weighted.cc
absl::Status ImportConv2d(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportDepthwiseConv2d(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportFullyConnected(NetworkBuilder& net, const FileOperator& op);

// import_pooling.cc
absl::Status ImportAveragePool(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportMaxPool(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportMean(NetworkBuilder& net, const FileOperator& op);

// import_elementwise.cc
absl::Status ImportAdd(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportMul(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportSoftmax(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportHardSwish(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportLogistic(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportRelu(NetworkBuilder& net, const FileOperator& op);  // RELU, RELU6, RELU_N1_TO_1
absl::Status ImportQuantize(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportDequantize(NetworkBuilder& net, const FileOperator& op);

// import_shaping.cc
absl::Status ImportPad(NetworkBuilder& net, const FileOperator& op);  // PAD, PADV2
absl::Status ImportReshape(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportSqueeze(NetworkBuilder& net, const FileOperator& op);  // SQUEEZE, EXPAND_DIMS
absl::Status ImportTranspose(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportConcatenation(NetworkBuilder& net, const FileOperator& op);
absl::Status ImportResizeNearest(NetworkBuilder& net, const FileOperator& op);

// ---- What they share.

// The options of an operator, which must be of type T.
template <typename T>
absl::StatusOr<const T*> ReadOptions(const FileOperator& op) {
  const T* options = op.raw->builtin_options_as<T>();
  if (options != nullptr) return options;
  return Invalid("the operator's options are missing or of another operator");
}

absl::StatusOr<Activation> ReadActivation(fb::ActivationFunctionType type);

// Which PAD in front of a window with VALID padding becomes the window's own.
enum class FoldPadding {
  kNever,      // Average pool: it does not count its own padding, but would count PAD's values.
  kZeroPoint,  // Convolution: pads with the zero point.
  kLowest,     // Max pool: its padding never wins, as a PAD with -128.
};

// Reads input `tensor` of a convolution or pool and completes `window`, whose kernel is set.
struct WindowedInput {
  int32_t tensor = -1;  // Index in the graph.
  Window window;
};
absl::StatusOr<WindowedInput> ReadWindowed(NetworkBuilder& net, int32_t tensor, Window window,
                                           fb::Padding padding, FoldPadding fold);

}  // namespace boardloop::tflite
