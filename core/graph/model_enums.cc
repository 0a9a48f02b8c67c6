#include "core/graph/model_enums.h"

#include <utility>

namespace boardloop {
namespace {

using P = v1::Model;

constexpr std::pair<OpKind, P::OpKind> kKinds[] = {
    {OpKind::kConv2d, P::OP_KIND_CONV_2D},
    {OpKind::kDepthwiseConv2d, P::OP_KIND_DEPTHWISE_CONV_2D},
    {OpKind::kFullyConnected, P::OP_KIND_FULLY_CONNECTED},
    {OpKind::kAdd, P::OP_KIND_ADD},
    {OpKind::kMul, P::OP_KIND_MUL},
    {OpKind::kAveragePool, P::OP_KIND_AVERAGE_POOL_2D},
    {OpKind::kMaxPool, P::OP_KIND_MAX_POOL_2D},
    {OpKind::kMean, P::OP_KIND_MEAN},
    {OpKind::kPad, P::OP_KIND_PAD},
    {OpKind::kSoftmax, P::OP_KIND_SOFTMAX},
    {OpKind::kReshape, P::OP_KIND_RESHAPE},
    {OpKind::kConcat, P::OP_KIND_CONCATENATION},
    {OpKind::kResizeNearest, P::OP_KIND_RESIZE_NEAREST_NEIGHBOR},
    {OpKind::kQuantize, P::OP_KIND_QUANTIZE},
    {OpKind::kHardSwish, P::OP_KIND_HARD_SWISH},
    {OpKind::kSigmoid, P::OP_KIND_LOGISTIC},
};

constexpr std::pair<Activation, P::Activation> kActivations[] = {
    {Activation::kNone, P::ACTIVATION_NONE},
    {Activation::kRelu, P::ACTIVATION_RELU},
    {Activation::kRelu6, P::ACTIVATION_RELU6},
    {Activation::kReluN1To1, P::ACTIVATION_RELU_N1_TO_1},
};

constexpr std::pair<Axis, P::Axis> kAxes[] = {
    {Axis::kHeight, P::AXIS_HEIGHT},
    {Axis::kWidth, P::AXIS_WIDTH},
    {Axis::kChannels, P::AXIS_CHANNELS},
};

// UNSPECIFIED, which no reader takes, for a value that is none of the enum's.
template <typename Ours, typename Theirs, size_t kCount>
Theirs Forward(const std::pair<Ours, Theirs> (&table)[kCount], Ours value) {
  for (const auto& [ours, theirs] : table) {
    if (ours == value) return theirs;
  }
  return Theirs{};
}

template <typename Ours, typename Theirs, size_t kCount>
std::optional<Ours> Backward(const std::pair<Ours, Theirs> (&table)[kCount], Theirs value) {
  for (const auto& [ours, theirs] : table) {
    if (theirs == value) return ours;
  }
  return std::nullopt;
}

}  // namespace

v1::Model::OpKind ToProto(OpKind kind) { return Forward(kKinds, kind); }
v1::Model::Activation ToProto(Activation activation) { return Forward(kActivations, activation); }
v1::Model::Axis ToProto(Axis axis) { return Forward(kAxes, axis); }

std::optional<OpKind> FromProto(v1::Model::OpKind kind) { return Backward(kKinds, kind); }
std::optional<Activation> FromProto(v1::Model::Activation activation) {
  return Backward(kActivations, activation);
}
std::optional<Axis> FromProto(v1::Model::Axis axis) { return Backward(kAxes, axis); }

}  // namespace boardloop
