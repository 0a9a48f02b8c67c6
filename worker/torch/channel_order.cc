#include "worker/torch/channel_order.h"

#include <string>

namespace boardloop {
namespace {

struct Place {
  std::string op;
  ParameterRole role;
  int64_t dimension;  // That counts the middle channels.
};

std::vector<Place> PlacesOfMiddleChannels(const std::string& block) {
  const std::string expand = block + ".expand", depthwise = block + ".depthwise";
  return {{expand, ParameterRole::kFilter, 0},
          {expand, ParameterRole::kGamma, 0},
          {expand, ParameterRole::kBeta, 0},
          {depthwise, ParameterRole::kFilter, 2},
          {depthwise, ParameterRole::kGamma, 0},
          {depthwise, ParameterRole::kBeta, 0},
          {block + ".project", ParameterRole::kFilter, 3}};
}

void Reorder(const Weights& weights, const std::string& block, const at::Tensor& order) {
  for (const Place& place : PlacesOfMiddleChannels(block)) {
    const int index = weights.layout->Find(place.op, place.role);
    const at::Tensor& values = weights.tensors[index];
    values.copy_(values.index_select(place.dimension, order));
  }
}

}  // namespace

void SortChannels(const Graph& graph, const Weights& weights,
                  const std::vector<at::Tensor>& others) {
  at::NoGradGuard no_grad;
  std::vector<Weights> all = {weights};
  for (const at::Tensor& other : others) all.push_back(ViewWeights(weights.layout, other));
  for (const Op& op : graph.ops) {
    std::string block = op.name;
    constexpr char kSuffix[] = ".expand";  // A block without one has no elastic channels.
    if (block.size() <= sizeof(kSuffix) - 1 ||
        block.compare(block.size() - (sizeof(kSuffix) - 1), std::string::npos, kSuffix) != 0) {
      continue;
    }
    block.resize(block.size() - (sizeof(kSuffix) - 1));
    const int project = weights.layout->Find(block + ".project", ParameterRole::kFilter);
    const at::Tensor importance = weights.tensors[project].abs().sum({0, 1, 2});
    // Stable: equal channels keep their order, on every device.
    const at::Tensor order = std::get<1>(importance.sort(/*stable=*/true, 0, /*descending=*/true));
    for (const Weights& each : all) Reorder(each, block, order);
  }
}

}  // namespace boardloop
