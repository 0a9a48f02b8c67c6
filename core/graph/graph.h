// The one description of a network: operators and the shapes of the tensors between them.
//
// Everything that needs a shape, a MAC count or a number of bytes asks a Graph. A Graph comes from
// a Subnet (build_subnet.h), a reference name (reference_networks.h) or a .tflite (core/tflite); it
// is built through GraphBuilder, which infers every shape.
//
// Invariants of a built graph (Validate checks them):
//   (1) `ops` are in an executable order: each tensor is produced before it is read.
//   (2) Each tensor is a graph input, a constant, or the output of exactly one op.
//   (3) Every shape is what InferShape says, every dimension is in [1, kMaxDimension], and no tensor
//       or filter has more than kMaxElements elements.
//   (4) There are at most kMaxOps operators of at most kMaxMacsPerOp MACs each: all counts fit int64_t,
//       and planning takes bounded time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace boardloop {

inline constexpr int32_t kMaxDimension = 65536;
inline constexpr int64_t kMaxElements = int64_t{1} << 31;
inline constexpr int64_t kMaxMacsPerOp = int64_t{1} << 42;
inline constexpr size_t kMaxOps = 1024;

// One image or feature map in HWC order (channels innermost); the batch is always 1. A vector of n
// values is {1, 1, n}.
struct Shape {
  int32_t height = 1;
  int32_t width = 1;
  int32_t channels = 1;

  int64_t elements() const { return int64_t{height} * width * channels; }
  // "80x80x3"
  std::string ToString() const;
  friend bool operator==(const Shape& a, const Shape& b) {
    return a.height == b.height && a.width == b.width && a.channels == b.channels;
  }
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }
};

enum class OpKind : uint8_t {
  kConv2d,           // Also pointwise (1x1). Filter [out_channels][kernel_h][kernel_w][in].
  kDepthwiseConv2d,  // Output channel c reads input channel c / multiplier. Filter [kh][kw][out].
  kFullyConnected,   // Input flattened. Filter [out_channels][in elements].
  kAdd,              // Two inputs; an extent of 1 is broadcast.
  kMul,              // As kAdd. Squeeze-and-excite scales with a {1, 1, c} input.
  kAveragePool,      // Padding is not counted in the average.
  kMaxPool,
  kMean,     // Over height and width: {1, 1, c}; by `axis` over one alone: {1, w, c} or {h, 1, c}.
  kPad,      // With the zero point.
  kSoftmax,  // Over channels.
  kReshape,  // Same elements, same order.
  kConcat,   // Along `axis`, any number of inputs.
  kResizeNearest,
  kQuantize,  // int8 to int8: another scale and zero point (also a lone ReLU).
  kHardSwish,
  kSigmoid,
};

enum class Activation : uint8_t { kNone, kRelu, kRelu6, kReluN1To1 };

enum class Axis : uint8_t { kHeight, kWidth, kChannels };

// Window of a convolution or pool, padding of kPad. Unused fields keep their defaults.
struct Window {
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t stride_h = 1, stride_w = 1;
  int32_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
};

// Square kernel and stride, padded by kernel / 2 on all sides, as PyTorch's MobileNets.
Window CenteredWindow(int32_t kernel, int32_t stride);

// floor((in + pad_before + pad_after - kernel) / stride) + 1; 0 when the window does not fit.
int32_t WindowOutput(int32_t in, int32_t kernel, int32_t stride, int32_t pad_before,
                     int32_t pad_after);

struct Tensor {
  Shape shape;
  std::string name;
  bool constant = false;  // Values are in Model::constants; lives in flash, not in the arena.
};

struct Op {
  OpKind kind = OpKind::kConv2d;
  std::string name;                        // "s2b1.expand", or the tensor's name in a .tflite
  absl::InlinedVector<int32_t, 2> inputs;  // Tensor indices.
  int32_t output = -1;                     // Tensor index.
  Activation activation = Activation::kNone;
  // kConcat: joined along. kMean: averaged over; kChannels stands for height and width.
  Axis axis = Axis::kChannels;
  Window window;               // Convolutions, pools, kPad.
  int32_t out_channels = 0;    // Convolutions and kFullyConnected.
  Shape reshape;               // kReshape, kResizeNearest: the shape of the output.
  bool align_corners = false;  // kResizeNearest, as TFLite defines them.
  bool half_pixel_centers = false;
  float beta = 1.0f;  // kSoftmax
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Op> ops;
  int32_t input = -1;            // Tensor index of the one input.
  std::vector<int32_t> outputs;  // Tensor indices; never empty.

  const Shape& shape(int32_t tensor) const { return tensors[tensor].shape; }
  const Shape& input_shape(const Op& op, int i = 0) const { return shape(op.inputs[i]); }
  const Shape& output_shape(const Op& op) const { return shape(op.output); }
};

// "CONV_2D" and so on: TFLite's names.
const char* OpKindName(OpKind kind);
const char* ActivationName(Activation activation);

bool IsPointwise(const Op& op);  // 1x1, stride 1, unpadded kConv2d.

// The shape of `op`'s output, or INVALID_ARGUMENT with the reason: a window that does not fit,
// shapes that do not broadcast, a dimension out of range.
absl::StatusOr<Shape> InferShape(const Op& op, absl::Span<const Shape> inputs);

// Checks the invariants above. INVALID_ARGUMENT names the op or tensor.
absl::Status Validate(const Graph& graph);

// ---- Counting. MACs are those of convolutions and fully connected layers; batch norm (folded),
// pooling and element-wise operators count none. Biases are parameters (one per output channel).

// Multiply-accumulates that make one output element: kh * kw * in for kConv2d, kh * kw for
// kDepthwiseConv2d, in for kFullyConnected, else 0.
int64_t MacsPerOutput(const Graph& graph, const Op& op);
int64_t Macs(const Graph& graph, const Op& op);
int64_t FilterElements(const Graph& graph, const Op& op);  // 0 for operators without weights.

struct NetworkSize {
  int64_t macs = 0;
  int64_t params = 0;        // Filter elements and biases.
  int64_t weight_bytes = 0;  // int8 filters.
};
NetworkSize Measure(const Graph& graph);

// ---- Building.

// Appends operators and infers their shapes. The first error sticks: later calls do nothing and
// Build returns it, so that callers check once.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  // Each returns the index of the tensor it makes.
  int32_t Input(const Shape& shape, std::string name = "input");
  int32_t Constant(const Shape& shape, std::string name);
  int32_t Add(
      Op op);  // `op.inputs` are set, `op.output` is filled in; the tensor is named after op.

  int32_t Conv(std::string name, int32_t input, int32_t out_channels, const Window& window,
               Activation activation);
  int32_t Depthwise(std::string name, int32_t input, const Window& window, Activation activation);
  int32_t FullyConnected(std::string name, int32_t input, int32_t out_channels);
  int32_t AddTensors(std::string name, int32_t a, int32_t b, Activation activation);
  int32_t Mean(std::string name, int32_t input, Axis axis = Axis::kChannels);
  int32_t MaxPool(std::string name, int32_t input, const Window& window);

  const Shape& shape(int32_t tensor) const { return graph_.tensors[tensor].shape; }
  const absl::Status& status() const { return status_; }

  absl::StatusOr<Graph> Build(std::vector<int32_t> outputs) &&;

 private:
  Graph graph_;
  absl::Status status_;
};

}  // namespace boardloop
