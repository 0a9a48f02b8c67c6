// The numbers behind a ParameterLayout: as one flat tensor, as views of it, and as leaves whose gradients
// land in another flat tensor.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "torch/types.h"
#include "worker/torch/parameter_layout.h"

namespace boardloop {

// Tensors by index into `layout->parameters()`; float32.
struct Weights {
  std::shared_ptr<const ParameterLayout> layout;
  std::vector<at::Tensor> tensors;
};

// Views of `flat` (layout->size() floats), without gradients.
Weights ViewWeights(std::shared_ptr<const ParameterLayout> layout, const at::Tensor& flat);

// Leaves that share the storage of `flat`; backward() adds their gradients to `flat_grad`, a tensor of
// the same size. Several sets may share `flat`, one per thread, each with gradients of its own.
Weights LeafWeights(std::shared_ptr<const ParameterLayout> layout, const at::Tensor& flat,
                    const at::Tensor& flat_grad);

// The flat tensor of a new network, on the CPU: filters after He et al. 2015 (normal, fan-out), gamma 1, beta
// and bias 0, kernel transforms the identity. A function of layout and seed.
at::Tensor InitialWeights(const ParameterLayout& layout, uint64_t seed);

// How a subnet inherits from its super-network: copies into `to`, the weights of `graph` alone, what the
// slices below have of `from`.
//
// INVALID_ARGUMENT  an operator that `from` lacks; the message names it
absl::Status InheritWeights(const Weights& from, const Weights& to, const Graph& graph);

// The part of a filter that an operator with these extents uses: the first output and input channels, and
// the centre of the window. With kernel transforms the window goes through the matrices that `weights`
// has for this operator. The result is laid out as core/graph lays out the operator's filter.
at::Tensor SliceFilter(const Weights& weights, const Graph& graph, const Op& op);

// The first op.out_channels values of a bias, gamma or beta.
at::Tensor SliceChannels(const Weights& weights, const Op& op, ParameterRole role);

}  // namespace boardloop
