#include "core/graph/graph.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

absl::Status CheckShape(const Shape& shape) {
  for (int32_t extent : {shape.height, shape.width, shape.channels}) {
    if (extent < 1 || extent > kMaxDimension) {
      return absl::InvalidArgumentError(absl::StrFormat("shape %s has a dimension outside [1, %d]",
                                                        shape.ToString(), kMaxDimension));
    }
  }
  if (shape.elements() > kMaxElements) {
    return absl::InvalidArgumentError(
        absl::StrFormat("shape %s has more than %d elements", shape.ToString(), kMaxElements));
  }
  return absl::OkStatus();
}

absl::Status CheckWindow(const Window& w) {
  for (int32_t extent : {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w}) {
    if (extent < 1 || extent > kMaxDimension) {
      return absl::InvalidArgumentError(
          absl::StrFormat("kernel %dx%d, stride %dx%d: each must be in [1, %d]", w.kernel_h,
                          w.kernel_w, w.stride_h, w.stride_w, kMaxDimension));
    }
  }
  for (int32_t pad : {w.pad_top, w.pad_bottom, w.pad_left, w.pad_right}) {
    if (pad < 0 || pad > kMaxDimension) {
      return absl::InvalidArgumentError(
          absl::StrFormat("padding of %d is outside [0, %d]", pad, kMaxDimension));
    }
  }
  return absl::OkStatus();
}

// The shape of a convolution or pool with `channels` output channels.
absl::StatusOr<Shape> WindowShape(const Op& op, const Shape& in, int32_t channels) {
  const Window& w = op.window;
  BL_RETURN_IF_ERROR(CheckWindow(w));
  Shape out{WindowOutput(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom),
            WindowOutput(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right), channels};
  if (out.height < 1 || out.width < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a %dx%d window does not fit an input of %s with its padding", w.kernel_h,
                        w.kernel_w, in.ToString()));
  }
  return out;
}

absl::Status CheckOutChannels(int32_t out_channels) {
  if (out_channels >= 1 && out_channels <= kMaxDimension) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%d output channels, must be in [1, %d]", out_channels, kMaxDimension));
}

absl::StatusOr<Shape> BroadcastShape(const Shape& a, const Shape& b) {
  auto extent = [](int32_t x, int32_t y) { return x == 1 ? y : (y == 1 || x == y ? x : -1); };
  Shape out{extent(a.height, b.height), extent(a.width, b.width), extent(a.channels, b.channels)};
  if (out.height < 0 || out.width < 0 || out.channels < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("shapes %s and %s do not broadcast", a.ToString(), b.ToString()));
  }
  return out;
}

absl::StatusOr<Shape> ConcatShape(const Op& op, absl::Span<const Shape> inputs) {
  Shape out = inputs[0];
  int64_t sum = 0;
  for (const Shape& shape : inputs) {
    Shape rest = shape;
    int32_t& along = op.axis == Axis::kHeight  ? rest.height
                     : op.axis == Axis::kWidth ? rest.width
                                               : rest.channels;
    sum += along;
    along = op.axis == Axis::kHeight  ? out.height
            : op.axis == Axis::kWidth ? out.width
                                      : out.channels;
    if (rest != out) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cannot concatenate %s and %s", inputs[0].ToString(), shape.ToString()));
    }
  }
  if (sum > kMaxDimension) {
    return absl::InvalidArgumentError(
        absl::StrFormat("concatenated extent %d is above %d", sum, kMaxDimension));
  }
  (op.axis == Axis::kHeight  ? out.height
   : op.axis == Axis::kWidth ? out.width
                             : out.channels) = static_cast<int32_t>(sum);
  return out;
}

Shape MeanShape(const Op& op, const Shape& in) {
  switch (op.axis) {
    case Axis::kHeight:
      return {1, in.width, in.channels};
    case Axis::kWidth:
      return {in.height, 1, in.channels};
    case Axis::kChannels:
      break;
  }
  return {1, 1, in.channels};
}

absl::Status CheckArity(const Op& op, size_t count) {
  bool binary = op.kind == OpKind::kAdd || op.kind == OpKind::kMul;
  size_t wanted = binary ? 2 : 1;
  if (op.kind == OpKind::kConcat ? count >= 1 : count == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%d inputs, must have %d", count, wanted));
}

absl::StatusOr<Shape> InferUnchecked(const Op& op, absl::Span<const Shape> inputs) {
  const Shape& in = inputs[0];
  switch (op.kind) {
    case OpKind::kConv2d:
      BL_RETURN_IF_ERROR(CheckOutChannels(op.out_channels));
      return WindowShape(op, in, op.out_channels);
    case OpKind::kDepthwiseConv2d:
      BL_RETURN_IF_ERROR(CheckOutChannels(op.out_channels));
      if (op.out_channels % in.channels != 0) {
        return absl::InvalidArgumentError(
            absl::StrFormat("%d output channels are not a multiple of the %d input channels",
                            op.out_channels, in.channels));
      }
      return WindowShape(op, in, op.out_channels);
    case OpKind::kFullyConnected:
      BL_RETURN_IF_ERROR(CheckOutChannels(op.out_channels));
      return Shape{1, 1, op.out_channels};
    case OpKind::kAdd:
    case OpKind::kMul:
      return BroadcastShape(inputs[0], inputs[1]);
    case OpKind::kAveragePool:
    case OpKind::kMaxPool: {
      // A window wholly in the padding would average nothing.
      const Window& w = op.window;
      if (std::max(w.pad_top, w.pad_bottom) >= w.kernel_h ||
          std::max(w.pad_left, w.pad_right) >= w.kernel_w) {
        return absl::InvalidArgumentError("a pool's padding must be smaller than its window");
      }
      return WindowShape(op, in, in.channels);
    }
    case OpKind::kMean:
      return MeanShape(op, in);
    case OpKind::kPad: {
      BL_RETURN_IF_ERROR(CheckWindow(op.window));
      const Window& w = op.window;
      return Shape{in.height + w.pad_top + w.pad_bottom, in.width + w.pad_left + w.pad_right,
                   in.channels};
    }
    case OpKind::kReshape:
      BL_RETURN_IF_ERROR(CheckShape(op.reshape));
      if (op.reshape.elements() != in.elements()) {
        return absl::InvalidArgumentError(
            absl::StrFormat("cannot reshape %s to %s", in.ToString(), op.reshape.ToString()));
      }
      return op.reshape;
    case OpKind::kResizeNearest:
      return Shape{op.reshape.height, op.reshape.width, in.channels};
    case OpKind::kConcat:
      return ConcatShape(op, inputs);
    case OpKind::kSoftmax:
    case OpKind::kQuantize:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return in;
  }
  return absl::InvalidArgumentError("unknown operator kind");
}

// Bounds FilterElements and Macs; in floating point, because the op has not been validated.
absl::Status CheckCounts(const Op& op, const Shape& in, const Shape& out) {
  double per_output = 0;
  double window = static_cast<double>(op.window.kernel_h) * op.window.kernel_w;
  if (op.kind == OpKind::kConv2d) per_output = window * in.channels;
  if (op.kind == OpKind::kDepthwiseConv2d) per_output = window;
  if (op.kind == OpKind::kFullyConnected) per_output = static_cast<double>(in.elements());
  double filter = per_output * op.out_channels;
  if (filter > static_cast<double>(kMaxElements)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a filter of %.0f elements, at most %d are supported", filter, kMaxElements));
  }
  double macs = per_output * static_cast<double>(out.elements());
  if (macs > static_cast<double>(kMaxMacsPerOp)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%.0f MACs, at most %d are supported", macs, kMaxMacsPerOp));
  }
  return absl::OkStatus();
}

std::string OpLabel(const Graph& graph, size_t index) {
  const Op& op = graph.ops[index];
  return absl::StrFormat("op %d (%s \"%s\")", index, OpKindName(op.kind), op.name);
}

absl::Status ValidateOp(const Graph& graph, size_t index, std::vector<bool>& available) {
  const Op& op = graph.ops[index];
  auto valid = [&](int32_t t) { return t >= 0 && static_cast<size_t>(t) < graph.tensors.size(); };
  std::vector<Shape> shapes;
  for (int32_t input : op.inputs) {
    if (!valid(input) || !available[input]) {
      return absl::InvalidArgumentError(
          absl::StrFormat("reads tensor %d, which nothing before it has produced", input));
    }
    shapes.push_back(graph.shape(input));
  }
  if (!valid(op.output) || available[op.output]) {
    return absl::InvalidArgumentError(
        absl::StrFormat("writes tensor %d, which does not exist or is already there", op.output));
  }
  BL_ASSIGN_OR_RETURN(Shape shape, InferShape(op, shapes));
  if (shape != graph.shape(op.output)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "its output is %s, should be %s", graph.shape(op.output).ToString(), shape.ToString()));
  }
  available[op.output] = true;
  return absl::OkStatus();
}

}  // namespace

std::string Shape::ToString() const { return absl::StrFormat("%dx%dx%d", height, width, channels); }

Window CenteredWindow(int32_t kernel, int32_t stride) {
  int32_t pad = kernel / 2;
  return Window{kernel, kernel, stride, stride, pad, pad, pad, pad};
}

int32_t WindowOutput(int32_t in, int32_t kernel, int32_t stride, int32_t pad_before,
                     int32_t pad_after) {
  int32_t room = in + pad_before + pad_after - kernel;
  return room < 0 ? 0 : room / stride + 1;
}

const char* OpKindName(OpKind kind) {
  switch (kind) {
    case OpKind::kConv2d:
      return "CONV_2D";
    case OpKind::kDepthwiseConv2d:
      return "DEPTHWISE_CONV_2D";
    case OpKind::kFullyConnected:
      return "FULLY_CONNECTED";
    case OpKind::kAdd:
      return "ADD";
    case OpKind::kMul:
      return "MUL";
    case OpKind::kAveragePool:
      return "AVERAGE_POOL_2D";
    case OpKind::kMaxPool:
      return "MAX_POOL_2D";
    case OpKind::kMean:
      return "MEAN";
    case OpKind::kPad:
      return "PAD";
    case OpKind::kSoftmax:
      return "SOFTMAX";
    case OpKind::kReshape:
      return "RESHAPE";
    case OpKind::kConcat:
      return "CONCATENATION";
    case OpKind::kResizeNearest:
      return "RESIZE_NEAREST_NEIGHBOR";
    case OpKind::kQuantize:
      return "QUANTIZE";
    case OpKind::kHardSwish:
      return "HARD_SWISH";
    case OpKind::kSigmoid:
      return "LOGISTIC";
  }
  return "UNKNOWN";
}

const char* ActivationName(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return "NONE";
    case Activation::kRelu:
      return "RELU";
    case Activation::kRelu6:
      return "RELU6";
    case Activation::kReluN1To1:
      return "RELU_N1_TO_1";
  }
  return "UNKNOWN";
}

bool IsPointwise(const Op& op) {
  const Window& w = op.window;
  return op.kind == OpKind::kConv2d && w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 &&
         w.stride_w == 1 && w.pad_top == 0 && w.pad_bottom == 0 && w.pad_left == 0 &&
         w.pad_right == 0;
}

absl::StatusOr<Shape> InferShape(const Op& op, absl::Span<const Shape> inputs) {
  BL_RETURN_IF_ERROR(CheckArity(op, inputs.size()));
  BL_ASSIGN_OR_RETURN(Shape shape, InferUnchecked(op, inputs));
  BL_RETURN_IF_ERROR(CheckShape(shape));
  BL_RETURN_IF_ERROR(CheckCounts(op, inputs[0], shape));
  return shape;
}

absl::Status Validate(const Graph& graph) {
  auto valid = [&](int32_t t) { return t >= 0 && static_cast<size_t>(t) < graph.tensors.size(); };
  if (!valid(graph.input)) return absl::InvalidArgumentError("the graph has no input");
  if (graph.outputs.empty()) return absl::InvalidArgumentError("the graph has no output");
  if (graph.ops.size() > kMaxOps) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d operators, at most %d are supported", graph.ops.size(), kMaxOps));
  }
  std::vector<bool> available(graph.tensors.size());
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    BL_RETURN_IF_ERROR(Annotate(CheckShape(graph.tensors[t].shape),
                                absl::StrFormat("tensor %d (%s)", t, graph.tensors[t].name)));
    available[t] = graph.tensors[t].constant;
  }
  if (available[graph.input]) {
    return absl::InvalidArgumentError("the graph's input is a constant");
  }
  available[graph.input] = true;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    BL_RETURN_IF_ERROR(Annotate(ValidateOp(graph, i, available), OpLabel(graph, i)));
  }
  for (int32_t output : graph.outputs) {
    if (!valid(output) || !available[output]) {
      return absl::InvalidArgumentError(
          absl::StrFormat("output tensor %d is never produced", output));
    }
  }
  return absl::OkStatus();
}

}  // namespace boardloop
