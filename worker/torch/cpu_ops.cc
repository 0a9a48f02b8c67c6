#include "worker/torch/cpu_ops.h"

#include <algorithm>
#include <limits>

#include "glog/logging.h"
#include "worker/kernels/convolution.h"
#include "worker/kernels/depthwise.h"

namespace boardloop {
namespace {

bool HasPadding(const Window& window) {
  return window.pad_top > 0 || window.pad_bottom > 0 || window.pad_left > 0 || window.pad_right > 0;
}

// The image in the middle of zeros, in memory of this thread.
const float* Padded(const Shape& shape, const Window& window, const float* x) {
  thread_local std::vector<float> padded;
  const int64_t row = (shape.width + window.pad_left + window.pad_right) * shape.channels;
  const int64_t rows = shape.height + window.pad_top + window.pad_bottom;
  padded.assign(static_cast<size_t>(rows * row), 0);
  float* to = padded.data() + window.pad_top * row + window.pad_left * shape.channels;
  const int64_t count = int64_t{shape.width} * shape.channels;
  for (int64_t y = 0; y < shape.height; ++y) std::copy_n(x + y * count, count, to + y * row);
  return padded.data();
}

void RunDense(const Shape& in, const Op& op, const float* x, const float* packed,
              const kernels::OutputMap& map, float* y) {
  const Window& window = op.window;
  kernels::ConvolutionShape shape;
  shape.in = in.channels;
  shape.out = op.out_channels;
  if (IsPointwise(op)) {
    shape.width = int64_t{in.height} * in.width;
    return kernels::ConvolutionForward(shape, x, packed, map, y);
  }
  shape.height = in.height + window.pad_top + window.pad_bottom;
  shape.width = in.width + window.pad_left + window.pad_right;
  shape.kernel_h = window.kernel_h;
  shape.kernel_w = window.kernel_w;
  shape.stride = window.stride_h;
  const float* image = HasPadding(window) ? Padded(in, window, x) : x;
  kernels::ConvolutionForward(shape, image, packed, map, y);
}

void RunDepthwise(const Shape& in, const Op& op, const float* x, const float* packed,
                  const kernels::OutputMap& map, float* y) {
  kernels::DepthwiseShape shape;
  shape.height = in.height;
  shape.width = in.width;
  shape.channels = in.channels;
  shape.kernel = op.window.kernel_h;
  shape.stride = op.window.stride_h;
  kernels::DepthwiseForward(shape, x, packed, y, map);
}

}  // namespace

kernels::ClampRange ClampRangeOf(Activation activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (activation) {
    case Activation::kNone:
      return {-kInfinity, kInfinity};
    case Activation::kRelu:
      return {0, kInfinity};
    case Activation::kRelu6:
      return {0, 6};
    case Activation::kReluN1To1:
      return {-1, 1};
  }
  return {-kInfinity, kInfinity};
}

at::Tensor PackFilter(const Op& op, const at::Tensor& filter) {
  CHECK_EQ(op.window.stride_h, op.window.stride_w) << op.name;  // As BuildSubnet makes them.
  if (op.kind == OpKind::kDepthwiseConv2d) return filter.contiguous();
  return filter.reshape({filter.size(0), -1}).t().contiguous();
}

void RunConvolution(const Graph& graph, const Op& op, const float* x, const float* packed,
                    const kernels::OutputMap& map, float* y) {
  const Shape& in = graph.input_shape(op);
  switch (op.kind) {
    case OpKind::kConv2d:
      return RunDense(in, op, x, packed, map, y);
    case OpKind::kDepthwiseConv2d:
      return RunDepthwise(in, op, x, packed, map, y);
    default:
      return kernels::ConvolutionForward({1, 1, in.elements(), op.out_channels}, x, packed, map, y);
  }
}

void RunAdd(int64_t count, const float* a, const float* b, float* y) {
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

void RunMean(const Shape& shape, const float* x, float* y) {
  const int64_t pixels = int64_t{shape.height} * shape.width;
  std::fill_n(y, shape.channels, 0.0f);
  for (int64_t p = 0; p < pixels; ++p, x += shape.channels) {
    for (int64_t c = 0; c < shape.channels; ++c) y[c] += x[c];
  }
  for (int64_t c = 0; c < shape.channels; ++c) y[c] /= static_cast<float>(pixels);
}

TensorMemory::TensorMemory(const Graph& graph, const std::vector<int64_t>& floats,
                           const std::vector<int64_t>& last_readers)
    : slot_of_(graph.tensors.size(), -1) {
  std::vector<int64_t> sizes;
  std::vector<int32_t> free;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const int32_t output = graph.ops[i].output;
    if (free.empty()) {
      free.push_back(static_cast<int32_t>(sizes.size()));
      sizes.push_back(0);
    }
    const int32_t slot = free.back();
    free.pop_back();
    slot_of_[output] = slot;
    sizes[slot] = std::max(sizes[slot], floats[output]);
    for (size_t t = 0; t < graph.tensors.size(); ++t) {
      const bool ends = slot_of_[t] >= 0 && last_readers[t] == static_cast<int64_t>(i);
      if (ends) free.push_back(slot_of_[t]);
    }
  }
  for (const int64_t size : sizes) slots_.push_back(at::empty({size}, at::kFloat));
}

}  // namespace boardloop
