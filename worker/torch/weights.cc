#include "worker/torch/weights.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

at::Tensor View(const Parameter& parameter, const at::Tensor& flat) {
  return flat.narrow(0, parameter.offset, parameter.size).view(parameter.shape);
}

// Box and Muller 1958, one of the two.
float Normal(Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.Unit()));
  return static_cast<float>(radius * std::cos(2.0 * M_PI * random.Unit()));
}

double FanOut(const Parameter& parameter) {
  switch (parameter.op_kind) {
    case OpKind::kConv2d:
      return static_cast<double>(parameter.shape[0] * parameter.shape[1] * parameter.shape[2]);
    case OpKind::kDepthwiseConv2d:
      return static_cast<double>(parameter.shape[0] * parameter.shape[1]);
    default:
      return 0;
  }
}

void Initialize(const Parameter& parameter, Random& random, float* values) {
  switch (parameter.role) {
    case ParameterRole::kFilter: {
      const double fan_out = FanOut(parameter);
      // A classifier starts near zero: its first losses are those of a uniform guess.
      const auto deviation = static_cast<float>(fan_out > 0 ? std::sqrt(2.0 / fan_out) : 0.01);
      for (int64_t i = 0; i < parameter.size; ++i) values[i] = deviation * Normal(random);
      return;
    }
    case ParameterRole::kGamma:
      for (int64_t i = 0; i < parameter.size; ++i) values[i] = 1;
      return;
    case ParameterRole::kTransform5:
    case ParameterRole::kTransform3:
      for (int64_t i = 0; i < parameter.shape[0]; ++i) values[i * parameter.shape[0] + i] = 1;
      return;
    case ParameterRole::kBias:
    case ParameterRole::kBeta:
      return;
  }
}

// [size][size][channels] from the centre of [large][large][channels].
at::Tensor CropWindow(const at::Tensor& filter, int64_t size) {
  const int64_t margin = (filter.size(0) - size) / 2;
  return filter.narrow(0, margin, size).narrow(1, margin, size);
}

// The next smaller window: its centre, seen as one vector per channel, times a learned matrix.
at::Tensor TransformWindow(const Weights& weights, const Op& op, const at::Tensor& filter,
                           int64_t size) {
  at::Tensor window = CropWindow(filter, size);
  const ParameterRole role = size == 5 ? ParameterRole::kTransform5 : ParameterRole::kTransform3;
  const int index = weights.layout->Find(op.name, role);
  if (index < 0) return window;
  const at::Tensor taps = window.reshape({size * size, window.size(2)});
  return weights.tensors[index].matmul(taps).view(window.sizes());
}

at::Tensor SliceDepthwise(const Weights& weights, const Op& op, at::Tensor filter) {
  for (int64_t size = filter.size(0) - 2; size >= op.window.kernel_h; size -= 2) {
    filter = TransformWindow(weights, op, filter, size);
  }
  return filter.narrow(2, 0, op.out_channels);
}

}  // namespace

Weights ViewWeights(std::shared_ptr<const ParameterLayout> layout, const at::Tensor& flat) {
  CHECK_EQ(flat.numel(), layout->size());
  Weights weights;
  for (const Parameter& parameter : layout->parameters()) {
    weights.tensors.push_back(View(parameter, flat));
  }
  weights.layout = std::move(layout);
  return weights;
}

Weights LeafWeights(std::shared_ptr<const ParameterLayout> layout, const at::Tensor& flat,
                    const at::Tensor& flat_grad) {
  Weights weights;
  for (const Parameter& parameter : layout->parameters()) {
    at::Tensor leaf = View(parameter, flat).detach();
    leaf.set_requires_grad(true);
    // Defined beforehand, so that backward() adds in place and never allocates a gradient elsewhere.
    leaf.mutable_grad() = View(parameter, flat_grad);
    weights.tensors.push_back(std::move(leaf));
  }
  weights.layout = std::move(layout);
  return weights;
}

at::Tensor InitialWeights(const ParameterLayout& layout, uint64_t seed) {
  at::Tensor flat = at::zeros({layout.size()}, at::kFloat);
  for (size_t i = 0; i < layout.parameters().size(); ++i) {
    const Parameter& parameter = layout.parameters()[i];
    Random random = Random::ForItem(seed, i);
    Initialize(parameter, random, flat.data_ptr<float>() + parameter.offset);
  }
  return flat;
}

absl::Status InheritWeights(const Weights& from, const Weights& to, const Graph& graph) {
  at::NoGradGuard no_grad;
  for (const Op& op : graph.ops) {
    const int filter = to.layout->Find(op.name, ParameterRole::kFilter);
    if (filter < 0) continue;
    const int source = from.layout->Find(op.name, ParameterRole::kFilter);
    if (source < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the super-network has no operator ", op.name));
    }
    to.tensors[filter].copy_(SliceFilter(from, graph, op));
    for (const ParameterRole role :
         {ParameterRole::kBias, ParameterRole::kGamma, ParameterRole::kBeta}) {
      const int target = to.layout->Find(op.name, role);
      if (target < 0) continue;
      to.tensors[target].copy_(SliceChannels(from, op, role));
    }
  }
  return absl::OkStatus();
}

at::Tensor SliceChannels(const Weights& weights, const Op& op, ParameterRole role) {
  const int index = weights.layout->Find(op.name, role);
  CHECK_GE(index, 0) << op.name << " has no " << ParameterRoleName(role);
  return weights.tensors[index].narrow(0, 0, op.out_channels);
}

at::Tensor SliceFilter(const Weights& weights, const Graph& graph, const Op& op) {
  const int index = weights.layout->Find(op.name, ParameterRole::kFilter);
  CHECK_GE(index, 0) << op.name << " has no filter";
  const at::Tensor& filter = weights.tensors[index];
  switch (op.kind) {
    case OpKind::kConv2d:
      return filter.narrow(0, 0, op.out_channels).narrow(3, 0, graph.input_shape(op).channels);
    case OpKind::kDepthwiseConv2d:
      return SliceDepthwise(weights, op, filter);
    default:
      return filter.narrow(0, 0, op.out_channels).narrow(1, 0, graph.input_shape(op).elements());
  }
}

}  // namespace boardloop
