// Convolutions and pools alike: the window's padding, and activations.
#include <algorithm>

#include "core/tflite/import_operators.h"
#include "core/tflite/same_padding.h"

namespace boardloop::tflite {
namespace {

bool Folds(const Padding& padding, const Window& window, int32_t zero_point, FoldPadding fold) {
  switch (fold) {
    case FoldPadding::kNever:
      return false;
    case FoldPadding::kZeroPoint:
      return padding.value == zero_point;
    case FoldPadding::kLowest:
      return padding.value == -128 && std::max(padding.top, padding.bottom) < window.kernel_h &&
             std::max(padding.left, padding.right) < window.kernel_w;
  }
  return false;
}

}  // namespace

absl::StatusOr<Activation> ReadActivation(fb::ActivationFunctionType type) {
  switch (type) {
    case fb::ActivationFunctionType::NONE:
      return Activation::kNone;
    case fb::ActivationFunctionType::RELU:
      return Activation::kRelu;
    case fb::ActivationFunctionType::RELU6:
      return Activation::kRelu6;
    case fb::ActivationFunctionType::RELU_N1_TO_1:
      return Activation::kReluN1To1;
    default:
      return Unsupported("fused activation %d; NONE, RELU, RELU6 and RELU_N1_TO_1 are supported",
                         static_cast<int>(type));
  }
}

absl::StatusOr<WindowedInput> ReadWindowed(NetworkBuilder& net, int32_t tensor, Window window,
                                           fb::Padding padding, FoldPadding fold) {
  for (int32_t extent : {window.kernel_h, window.kernel_w, window.stride_h, window.stride_w}) {
    if (extent < 1 || extent > kMaxDimension) {
      return Invalid("window %dx%d with stride %dx%d, each must be in [1, %d]", window.kernel_h,
                     window.kernel_w, window.stride_h, window.stride_w, kMaxDimension);
    }
  }
  if (padding != fb::Padding::SAME && padding != fb::Padding::VALID) {
    return Invalid("padding %d, must be SAME (0) or VALID (1)", static_cast<int>(padding));
  }
  BL_ASSIGN_OR_RETURN(Value value, net.Read(tensor));
  if (value.layout.size() != 4) {
    return Invalid("input %s has %d dimensions, must have 4", net.file().Quoted(tensor),
                   value.layout.size());
  }
  if (value.padding.has_value() && padding == fb::Padding::VALID &&
      Folds(*value.padding, window, net.quantization(value.tensor).zero_point, fold)) {
    window.pad_top = value.padding->top;
    window.pad_bottom = value.padding->bottom;
    window.pad_left = value.padding->left;
    window.pad_right = value.padding->right;
    return WindowedInput{value.tensor, window};
  }
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(tensor));
  if (padding == fb::Padding::SAME) {
    window = WithSamePadding(window, net.shape(input));
  }
  return WindowedInput{input, window};
}

}  // namespace boardloop::tflite
