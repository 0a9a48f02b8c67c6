#include "core/tflite/same_padding.h"

#include <algorithm>

namespace boardloop::tflite {
namespace {

void Pad(int32_t in, int32_t kernel, int32_t stride, int32_t* before, int32_t* after) {
  int64_t out = (int64_t{in} + stride - 1) / stride;
  int64_t total = std::max<int64_t>(0, (out - 1) * stride + kernel - in);  // Below the kernel.
  *before = static_cast<int32_t>(total / 2);
  *after = static_cast<int32_t>(total - total / 2);
}

}  // namespace

Window WithSamePadding(Window window, const Shape& in) {
  Pad(in.height, window.kernel_h, window.stride_h, &window.pad_top, &window.pad_bottom);
  Pad(in.width, window.kernel_w, window.stride_w, &window.pad_left, &window.pad_right);
  return window;
}

}  // namespace boardloop::tflite
