#include "worker/torch/quantize/integer_layers.h"

#include <array>

#include "core/quant/fixed_point.h"
#include "torch/csrc/autograd/custom_function.h"
#include "worker/kernels/requantize.h"
#include "worker/torch/layers.h"

namespace boardloop {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int32_t kLargestCentered = 255;  // Of |q - zero point|.

at::Tensor ToNhwc(const at::Tensor& x) {
  return x.permute({0, 2, 3, 1}).contiguous();  // No copy of what is channels last.
}

at::Tensor ToNchw(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }

at::ScalarType TypeOf(bool in_double) { return in_double ? at::kDouble : at::kFloat; }

bool IsPadded(const Window& window) {
  return window.pad_top > 0 || window.pad_bottom > 0 || window.pad_left > 0 || window.pad_right > 0;
}

// x [n][h][w][c]
at::Tensor PadNhwc(const at::Tensor& x, const Window& window) {
  if (!IsPadded(window)) return x;
  return at::constant_pad_nd(
      x, {0, 0, window.pad_left, window.pad_right, window.pad_top, window.pad_bottom});
}

// The inputs of each output: [n][out_h][out_w][kh * kw * c].
at::Tensor Patches(const at::Tensor& x, const Window& window) {
  at::Tensor nhwc = ToNhwc(x);
  if (window.kernel_h == 1 && window.kernel_w == 1 && window.stride_h == 1 &&
      window.stride_w == 1 && !IsPadded(window)) {
    return nhwc;
  }
  const at::Tensor windows = PadNhwc(nhwc, window)
                                 .unfold(1, window.kernel_h, window.stride_h)
                                 .unfold(2, window.kernel_w, window.stride_w);
  return windows.permute({0, 1, 2, 4, 5, 3})
      .reshape({windows.size(0), windows.size(1), windows.size(2), -1});
}

// A depthwise convolution as a sum over taps. Slow, but a sum on every device: libraries may choose transforms
// (Winograd, FFT), whose steps are no integers.
class TapSumsFunction : public torch::autograd::Function<TapSumsFunction> {
 public:
  // x [n][c][padded height][padded width], filter [kh][kw][c], of one type
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& filter,
                            int64_t stride_h, int64_t stride_w) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({x, filter});
    context->saved_data["stride"] = std::vector<int64_t>{stride_h, stride_w};
    const at::Tensor windows =
        x.unfold(2, filter.size(0), stride_h).unfold(3, filter.size(1), stride_w);
    at::Tensor sums = at::zeros(windows.sizes().slice(0, 4), x.options())
                          .contiguous(at::MemoryFormat::ChannelsLast);
    for (int64_t ky = 0; ky < filter.size(0); ++ky) {
      for (int64_t kx = 0; kx < filter.size(1); ++kx) {
        sums.addcmul_(windows.select(5, kx).select(4, ky), filter[ky][kx].view({1, -1, 1, 1}));
      }
    }
    return sums;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const std::vector<int64_t> stride = context->saved_data["stride"].toIntVector();
    const at::Tensor weight = saved[1].permute({2, 0, 1}).unsqueeze(1).contiguous();
    const auto [grad_x, grad_weight, grad_bias] = at::convolution_backward(
        grads[0], saved[0], weight, c10::nullopt, stride, {0, 0}, {1, 1}, /*transposed=*/false,
        {0, 0}, /*groups=*/weight.size(0), {true, true, false});
    return {grad_x, grad_weight.squeeze(1).permute({1, 2, 0}), at::Tensor(), at::Tensor()};
  }
};

// What the kernels of worker/kernels/depthwise.h compute.
bool HasDepthwiseKernel(const at::Tensor& x, const Window& window) {
  const int32_t pad = window.kernel_h / 2;
  return x.is_cpu() && window.kernel_h == window.kernel_w && window.kernel_h % 2 == 1 &&
         window.stride_h == window.stride_w && window.pad_top == pad && window.pad_bottom == pad &&
         window.pad_left == pad && window.pad_right == pad;
}

// [c] as it is broadcast over x, whose second dimension counts channels.
at::Tensor OverChannels(const at::Tensor& values, const at::Tensor& x) {
  return x.dim() == 4 ? values.view({1, -1, 1, 1}) : values.view({1, -1});
}

// The lower 32 bits, with their sign.
at::Tensor WrapToInt32(const at::Tensor& x) { return x.to(at::kInt).to(at::kLong); }

// Multiply() of fixed_point.h, in int64. x [..] int64 in int32; mantissa and shift int64, broadcast.
at::Tensor MultiplyFixed(const at::Tensor& x, const at::Tensor& mantissa, const at::Tensor& shift) {
  const at::Tensor one = at::ones_like(shift);
  const at::Tensor left = at::bitwise_left_shift(one, shift.clamp_min(0));
  const at::Tensor right = at::bitwise_left_shift(one, (-shift).clamp_min(0));
  const at::Tensor rounded = WrapToInt32(x * left) * mantissa + (int64_t{1} << 30);
  const at::Tensor high =
      at::floor_divide(rounded, at::scalar_tensor(int64_t{1} << 31, x.options()));
  // Ties away from zero: on magnitudes, where a division of what is not negative rounds down.
  const at::Tensor magnitude =
      (high.abs() + at::floor_divide(right, at::full_like(right, 2))).div(right, "trunc");
  return magnitude * high.sign();
}

at::Tensor ClampCentered(const at::Tensor& product, int32_t zero_point,
                         const ActivationRange& range) {
  return (WrapToInt32(product + zero_point).clamp(range.min, range.max) - zero_point)
      .to(at::kFloat);
}

// Rounds to nearest, ties away from zero, as std::round; at::round has ties to even.
at::Tensor RoundAway(const at::Tensor& x) {
  const at::Tensor whole = x.trunc();
  return whole + at::where((x - whole).abs().ge(0.5), x.sign(), at::zeros_like(x));
}

at::Tensor RequantizeReal(const at::Tensor& sums, const Requantization& to) {
  const at::Tensor acc = sums.to(at::kDouble) + OverChannels(to.bias, sums).to(at::kDouble);
  const at::Tensor rounded = RoundAway(acc * OverChannels(to.real_multiplier, sums));
  return ((rounded + to.zero_point).clamp(to.range.min, to.range.max) - to.zero_point)
      .to(at::kFloat);
}

at::Tensor RequantizeFixed(const at::Tensor& sums, const Requantization& to) {
  const auto channels = [&](const at::Tensor& values) {
    return OverChannels(values, sums).to(at::kLong);
  };
  const at::Tensor acc = sums.to(at::kLong) + channels(to.bias);
  return ClampCentered(MultiplyFixed(acc, channels(to.mantissa), channels(to.shift)), to.zero_point,
                       to.range);
}

bool RunsOnKernels(const at::Tensor& sums) {
  return sums.is_cpu() && sums.scalar_type() == at::kFloat && sums.dim() == 4;
}

int64_t Rows(const at::Tensor& x) { return x.numel() / x.size(1); }

at::Tensor RequantizeOnCpu(const at::Tensor& sums, const Requantization& to) {
  const at::Tensor x = sums.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor y = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast);
  kernels::Requantize(
      x.data_ptr<float>(), Rows(x), x.size(1),
      {to.bias.data_ptr<int32_t>(), to.mantissa.data_ptr<int32_t>(), to.shift.data_ptr<int32_t>()},
      {to.zero_point, to.range.min, to.range.max}, y.data_ptr<float>());
  return y;
}

// Gradients of clamp(scale * x + offset): of x, and of (offset / scale).
std::pair<at::Tensor, at::Tensor> ClampGradients(const at::Tensor& sums, const at::Tensor& grad,
                                                 const at::Tensor& scale, const at::Tensor& offset,
                                                 float low, float high) {
  if (RunsOnKernels(sums)) {
    const at::Tensor x = sums.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor grad_y = grad.contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor grad_x = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast);
    at::Tensor grad_shift = at::empty({x.size(1)}, at::kFloat);
    kernels::ScaleShiftClampBackward(x.data_ptr<float>(), grad_y.data_ptr<float>(), Rows(x),
                                     x.size(1), scale.data_ptr<float>(), offset.data_ptr<float>(),
                                     {low, high}, grad_x.data_ptr<float>(),
                                     grad_shift.data_ptr<float>());
    return {grad_x, grad_shift * scale};
  }
  const at::Tensor y = sums * OverChannels(scale, sums) + OverChannels(offset, sums);
  const at::Tensor grad_x = at::where(y.gt(low).logical_and(y.lt(high)),
                                      grad * OverChannels(scale, sums), at::zeros_like(grad));
  const std::vector<int64_t> others =
      sums.dim() == 4 ? std::vector<int64_t>{0, 2, 3} : std::vector<int64_t>{0};
  return {grad_x.to(sums.scalar_type()), grad_x.sum(others)};
}

class RequantizeFunction : public torch::autograd::Function<RequantizeFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& sums,
                            const at::Tensor& /*bias_leaf*/, const Requantization* to) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({sums, to->scale, to->offset});
    context->saved_data["low"] = static_cast<double>(to->low());
    context->saved_data["high"] = static_cast<double>(to->high());
    if (to->real_multiplier.defined()) return RequantizeReal(sums, *to);
    return RunsOnKernels(sums) ? RequantizeOnCpu(sums, *to) : RequantizeFixed(sums, *to);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const auto [grad_sums, grad_bias] =
        ClampGradients(saved[0], grads[0], saved[1], saved[2],
                       static_cast<float>(context->saved_data["low"].toDouble()),
                       static_cast<float>(context->saved_data["high"].toDouble()));
    return {grad_sums, grad_bias, at::Tensor()};
  }
};

at::Tensor AddOnCpu(const at::Tensor& a, const at::Tensor& b, const Addition& to) {
  const at::Tensor first = a.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor second = b.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor sum = at::empty(a.sizes(), a.options(), at::MemoryFormat::ChannelsLast);
  const float *x = first.data_ptr<float>(), *y = second.data_ptr<float>();
  const int32_t* table_a = to.table_a.data_ptr<int32_t>() + kLargestCentered;
  const int32_t* table_b = to.table_b.data_ptr<int32_t>() + kLargestCentered;
  float* out = sum.data_ptr<float>();
  for (int64_t i = 0; i < sum.numel(); ++i) {
    const int32_t real = table_a[static_cast<int32_t>(x[i])] + table_b[static_cast<int32_t>(y[i])];
    const int32_t q = to.range.Clamp(Multiply(real, to.multiplier) + to.zero_point);
    out[i] = static_cast<float>(q - to.zero_point);
  }
  return sum;
}

at::Tensor AddAnywhere(const at::Tensor& a, const at::Tensor& b, const Addition& to) {
  const auto look_up = [](const at::Tensor& table, const at::Tensor& x) {
    return table.index({x.to(at::kLong) + kLargestCentered}).to(at::kLong);
  };
  const at::Tensor real = look_up(to.table_a, a) + look_up(to.table_b, b);
  const at::Tensor product =
      MultiplyFixed(real, at::scalar_tensor(int64_t{to.multiplier.mantissa}, real.options()),
                    at::scalar_tensor(int64_t{to.multiplier.shift}, real.options()));
  return ClampCentered(product, to.zero_point, to.range);
}

class AddFunction : public torch::autograd::Function<AddFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& a, const at::Tensor& b,
                            const Addition* to) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({a, b});
    context->saved_data["numbers"] = std::vector<double>{
        to->scale_a, to->scale_b, static_cast<double>(to->range.min - to->zero_point),
        static_cast<double>(to->range.max - to->zero_point)};
    return a.is_cpu() ? AddOnCpu(a, b, *to) : AddAnywhere(a, b, *to);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const std::vector<double> numbers = context->saved_data["numbers"].toDoubleVector();
    const at::Tensor y = saved[0] * numbers[0] + saved[1] * numbers[1];
    const at::Tensor grad = at::where(y.gt(numbers[2]).logical_and(y.lt(numbers[3])), grads[0],
                                      at::zeros_like(grads[0]));
    return {grad * numbers[0], grad * numbers[1], at::Tensor()};
  }
};

at::Tensor AddTable(const FixedMultiplier& multiplier, const at::Device& device) {
  at::Tensor table = at::empty({2 * kLargestCentered + 1}, at::kInt);
  constexpr int32_t kHeadroom = 1 << AddParams::kLeftShift;
  for (int32_t x = -kLargestCentered; x <= kLargestCentered; ++x) {
    table.data_ptr<int32_t>()[x + kLargestCentered] = Multiply(x * kHeadroom, multiplier);
  }
  return table.to(device);
}

}  // namespace

at::Tensor SumDense(const at::Tensor& x, const at::Tensor& filter, const Window& window,
                    bool in_double) {
  const at::Tensor patches = Patches(x, window);
  const at::Tensor weights = filter.reshape({filter.size(0), -1});
  if (x.is_cpu() && !in_double) {
    // LibTorch's 1x1 convolution keeps to one thread where its matrix product may not.
    return at::conv2d(ToNchw(patches), weights.unsqueeze(2).unsqueeze(3));
  }
  return ToNchw(at::matmul(patches.to(TypeOf(in_double)), weights.to(TypeOf(in_double)).t()));
}

at::Tensor SumDepthwise(const at::Tensor& x, const at::Tensor& filter, const Window& window,
                        bool in_double) {
  if (!in_double && HasDepthwiseKernel(x, window)) {
    return DepthwiseConvolution2d(x, filter, window);
  }
  const at::Tensor padded = ToNchw(PadNhwc(ToNhwc(x), window));
  return TapSumsFunction::apply(padded.to(TypeOf(in_double)), filter.to(TypeOf(in_double)),
                                window.stride_h, window.stride_w);
}

at::Tensor SumFullyConnected(const at::Tensor& x, const at::Tensor& filter, bool in_double) {
  const at::Tensor flat = x.dim() == 4 ? ToNhwc(x).flatten(1) : x;
  return at::matmul(flat.to(TypeOf(in_double)), filter.to(TypeOf(in_double)).t());
}

at::Tensor SumPlane(const at::Tensor& x, bool in_double) {
  return x.sum({2, 3}, /*keepdim=*/true, TypeOf(in_double));
}

at::Tensor Requantize(const at::Tensor& sums, const at::Tensor& bias_leaf,
                      const Requantization& requantization) {
  // LibTorch's functions take no undefined tensors; any other without a gradient will do.
  const at::Tensor& leaf = bias_leaf.defined() ? bias_leaf : requantization.scale;
  return RequantizeFunction::apply(sums, leaf, &requantization);
}

Addition MakeAddition(const AddParams& params, const Quantization& a, const Quantization& b,
                      const Quantization& output, const at::Device& device) {
  Addition addition;
  addition.table_a = AddTable(params.multiplier_a, device);
  addition.table_b = AddTable(params.multiplier_b, device);
  addition.multiplier = params.multiplier_output;
  addition.scale_a = a.scale / output.scale;
  addition.scale_b = b.scale / output.scale;
  addition.zero_point = params.zero_point_output;
  addition.range = params.range;
  return addition;
}

at::Tensor AddIntegers(const at::Tensor& a, const at::Tensor& b, const Addition& addition) {
  return AddFunction::apply(a, b, &addition);
}

}  // namespace boardloop
