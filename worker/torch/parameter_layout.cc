#include "worker/torch/parameter_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

std::vector<int64_t> FilterShape(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
      return {op.out_channels, op.window.kernel_h, op.window.kernel_w,
              graph.input_shape(op).channels};
    case OpKind::kDepthwiseConv2d:
      return {op.window.kernel_h, op.window.kernel_w, op.out_channels};
    default:
      return {op.out_channels, graph.input_shape(op).elements()};
  }
}

absl::Status CheckTrainable(const Graph& graph, const Op& op) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kFullyConnected:
    case OpKind::kAdd:
    case OpKind::kMean:
      return absl::OkStatus();
    case OpKind::kDepthwiseConv2d:
      if (op.out_channels == graph.input_shape(op).channels) return absl::OkStatus();
      return absl::UnimplementedError(absl::StrCat(
          op.name, " has a channel multiplier; depthwise convolutions are trained without one"));
    default:
      return absl::UnimplementedError(absl::StrCat(op.name, " is ", OpKindName(op.kind),
                                                   "; trained are CONV_2D, DEPTHWISE_CONV_2D, ",
                                                   "FULLY_CONNECTED, ADD and MEAN"));
  }
}

bool HasBatchNorm(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
}

}  // namespace

const char* ParameterRoleName(ParameterRole role) {
  switch (role) {
    case ParameterRole::kFilter:
      return "filter";
    case ParameterRole::kBias:
      return "bias";
    case ParameterRole::kGamma:
      return "gamma";
    case ParameterRole::kBeta:
      return "beta";
    case ParameterRole::kTransform5:
      return "transform5";
    case ParameterRole::kTransform3:
      return "transform3";
  }
  return "?";
}

absl::StatusOr<ParameterLayout> ParameterLayout::ForGraph(const Graph& graph,
                                                          const LayoutOptions& options) {
  ParameterLayout layout;
  for (const Op& op : graph.ops) {
    BL_RETURN_IF_ERROR(CheckTrainable(graph, op));
    if (!HasBatchNorm(op) && op.kind != OpKind::kFullyConnected) continue;
    layout.Append(op.name, ParameterRole::kFilter, op.kind, FilterShape(graph, op));
  }
  layout.decayed_ = layout.size_;
  for (const Op& op : graph.ops) {
    if (op.kind == OpKind::kFullyConnected) {
      layout.Append(op.name, ParameterRole::kBias, op.kind, {op.out_channels});
    }
    if (!HasBatchNorm(op)) continue;
    layout.Append(op.name, ParameterRole::kGamma, op.kind, {op.out_channels});
    layout.Append(op.name, ParameterRole::kBeta, op.kind, {op.out_channels});
    if (!options.kernel_transforms || op.kind != OpKind::kDepthwiseConv2d) continue;
    if (op.window.kernel_h >= 7) {
      layout.Append(op.name, ParameterRole::kTransform5, op.kind, {25, 25});
    }
    if (op.window.kernel_h >= 5) {
      layout.Append(op.name, ParameterRole::kTransform3, op.kind, {9, 9});
    }
  }
  return layout;
}

int ParameterLayout::Find(const std::string& op, ParameterRole role) const {
  const auto found = by_name_.find(absl::StrCat(op, ".", ParameterRoleName(role)));
  return found == by_name_.end() ? -1 : found->second;
}

void ParameterLayout::Append(const std::string& op, ParameterRole role, OpKind kind,
                             std::vector<int64_t> shape) {
  Parameter parameter;
  parameter.name = absl::StrCat(op, ".", ParameterRoleName(role));
  parameter.role = role;
  parameter.op_kind = kind;
  parameter.offset = size_;
  parameter.size = 1;
  for (const int64_t extent : shape) parameter.size *= extent;
  parameter.shape = std::move(shape);
  by_name_[parameter.name] = static_cast<int>(parameters_.size());
  size_ += parameter.size;
  parameters_.push_back(std::move(parameter));
}

}  // namespace boardloop
