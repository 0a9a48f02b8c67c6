#include "worker/torch/layers.h"

#include "torch/csrc/autograd/custom_function.h"
#include "worker/kernels/batch_norm.h"
#include "worker/kernels/depthwise.h"
#include "worker/torch/cpu_ops.h"

namespace boardloop {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool use_libtorch_layers = false;

bool RunsOnKernels(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat && UsesKernels(x.device());
}

at::Tensor ChannelsLast(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor EmptyLike(const at::Tensor& x) {
  return at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast);
}

at::Tensor Activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kRelu6:
      return at::hardtanh(x, 0, 6);
    case Activation::kReluN1To1:
      return at::hardtanh(x, -1, 1);
  }
  return x;
}

int64_t Rows(const at::Tensor& x) { return x.size(0) * x.size(2) * x.size(3); }

// Statistics in the form that the kernels want; `scale` and `shift` make y = scale * x + shift.
struct Normalization {
  at::Tensor mean, variance, inv_std, scale, shift;
};

Normalization Normalize(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta) {
  Normalization n;
  n.mean = at::empty({x.size(1)}, at::kFloat);
  n.variance = at::empty({x.size(1)}, at::kFloat);
  kernels::ChannelMoments(x.data_ptr<float>(), Rows(x), x.size(1), n.mean.data_ptr<float>(),
                          n.variance.data_ptr<float>());
  n.inv_std = (n.variance + kBatchNormEpsilon).rsqrt_();
  n.scale = gamma.detach() * n.inv_std;
  n.shift = beta.detach() - n.mean * n.scale;
  return n;
}

at::Tensor Apply(const at::Tensor& x, const Normalization& n, Activation activation) {
  at::Tensor y = EmptyLike(x);
  kernels::ScaleShiftClamp(x.data_ptr<float>(), Rows(x), x.size(1), n.scale.data_ptr<float>(),
                           n.shift.data_ptr<float>(), ClampRangeOf(activation),
                           y.data_ptr<float>());
  return y;
}

class BatchNormFunction : public torch::autograd::Function<BatchNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& gamma, const at::Tensor& beta, int64_t activation) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor x = ChannelsLast(input);
    const Normalization n = Normalize(x, gamma, beta);
    context->save_for_backward({x, gamma, beta, n.mean, n.inv_std});
    context->saved_data["activation"] = activation;
    return Apply(x, n, static_cast<Activation>(activation));
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor grad_y = ChannelsLast(grads[0]);
    const at::Tensor gamma = saved[1].contiguous(), beta = saved[2].contiguous();
    at::Tensor grad_x = EmptyLike(x);
    at::Tensor grad_gamma = at::empty({x.size(1)}, at::kFloat);
    at::Tensor grad_beta = at::empty({x.size(1)}, at::kFloat);
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    kernels::BatchNormBackward(x.data_ptr<float>(), grad_y.data_ptr<float>(), Rows(x), x.size(1),
                               saved[3].data_ptr<float>(), saved[4].data_ptr<float>(),
                               gamma.data_ptr<float>(), beta.data_ptr<float>(),
                               ClampRangeOf(activation), grad_x.data_ptr<float>(),
                               grad_gamma.data_ptr<float>(), grad_beta.data_ptr<float>());
    return {grad_x, grad_gamma, grad_beta, at::Tensor()};
  }
};

kernels::DepthwiseShape DepthwiseShapeOf(const at::Tensor& x, int64_t kernel, int64_t stride) {
  kernels::DepthwiseShape shape;
  shape.images = x.size(0);
  shape.channels = x.size(1);
  shape.height = x.size(2);
  shape.width = x.size(3);
  shape.kernel = kernel;
  shape.stride = stride;
  return shape;
}

class DepthwiseFunction : public torch::autograd::Function<DepthwiseFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weights, int64_t stride) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor x = ChannelsLast(input);
    const at::Tensor filter = weights.contiguous();
    const kernels::DepthwiseShape shape = DepthwiseShapeOf(x, filter.size(0), stride);
    at::Tensor y = at::empty({x.size(0), x.size(1), shape.output_height(), shape.output_width()},
                             x.options(), at::MemoryFormat::ChannelsLast);
    kernels::DepthwiseForward(shape, x.data_ptr<float>(), filter.data_ptr<float>(),
                              y.data_ptr<float>());
    context->save_for_backward({x, filter});
    context->saved_data["stride"] = stride;
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& filter = saved[1];
    const at::Tensor grad_y = ChannelsLast(grads[0]);
    const kernels::DepthwiseShape shape =
        DepthwiseShapeOf(x, filter.size(0), context->saved_data["stride"].toInt());
    at::Tensor grad_x;
    if (context->needs_input_grad(0)) {
      grad_x = EmptyLike(x);
      kernels::DepthwiseBackwardInput(shape, grad_y.data_ptr<float>(), filter.data_ptr<float>(),
                                      grad_x.data_ptr<float>());
    }
    at::Tensor grad_filter = at::empty(filter.sizes(), filter.options());
    kernels::DepthwiseBackwardFilter(shape, x.data_ptr<float>(), grad_y.data_ptr<float>(),
                                     grad_filter.data_ptr<float>());
    return {grad_x, grad_filter, at::Tensor()};
  }
};

}  // namespace

at::Tensor Convolution(const at::Tensor& x, const at::Tensor& filter, const Window& window) {
  return at::conv2d(x, filter.permute({0, 3, 1, 2}).to(x.scalar_type()), {},
                    {window.stride_h, window.stride_w}, {window.pad_top, window.pad_left});
}

at::Tensor DepthwiseConvolution2d(const at::Tensor& x, const at::Tensor& filter,
                                  const Window& window) {
  if (RunsOnKernels(x)) return DepthwiseFunction::apply(x, filter, window.stride_h);
  return at::conv2d(x, filter.permute({2, 0, 1}).unsqueeze(1).to(x.scalar_type()), {},
                    {window.stride_h, window.stride_w}, {window.pad_top, window.pad_left}, {1, 1},
                    x.size(1));
}

at::Tensor BatchNormActivation(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                               Activation activation, Moments* moments) {
  if (RunsOnKernels(x)) {
    if (moments == nullptr) {
      return BatchNormFunction::apply(x, gamma, beta, static_cast<int64_t>(activation));
    }
    const at::Tensor input = ChannelsLast(x);
    const Normalization n = Normalize(input, gamma, beta);
    *moments = {n.mean, n.variance};
    return Apply(input, n, activation);
  }
  const auto [y, mean, inv_std] =
      at::native_batch_norm(x, gamma, beta, {}, {}, /*training=*/true, 0.0, kBatchNormEpsilon);
  if (moments != nullptr) {
    *moments = {mean.to(at::kFloat), inv_std.to(at::kFloat).pow(-2) - kBatchNormEpsilon};
  }
  return Activate(y, activation);
}

at::Tensor BiasActivation(at::Tensor x, const at::Tensor& bias, Activation activation) {
  const bool in_place = !at::GradMode::is_enabled() || !(x.requires_grad() || bias.requires_grad());
  if (in_place && RunsOnKernels(x) && x.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    const at::Tensor one = at::ones({x.size(1)}, at::kFloat);
    const at::Tensor shift = bias.contiguous();
    kernels::ScaleShiftClamp(x.data_ptr<float>(), Rows(x), x.size(1), one.data_ptr<float>(),
                             shift.data_ptr<float>(), ClampRangeOf(activation),
                             x.data_ptr<float>());
    return x;
  }
  return Activate(x + bias.to(x.scalar_type()).view({1, -1, 1, 1}), activation);
}

bool UsesKernels(const at::Device& device) { return device.is_cpu() && !use_libtorch_layers; }

void UseLibTorchLayers(bool use) { use_libtorch_layers = use; }

}  // namespace boardloop
