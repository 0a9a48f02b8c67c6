#include "worker/torch/moments_pass.h"

#include <algorithm>

#include "glog/logging.h"
#include "worker/torch/graph_walk.h"

namespace boardloop {
namespace {

// A batch of a feature map above this is computed again rather than kept: the second-level cache of the machines at
// hand.
constexpr int64_t kKeptBytes = int64_t{1} << 20;

bool HasBatchNorm(const Op& op) {
  return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
}

int64_t Pixels(const Shape& shape) { return int64_t{shape.height} * shape.width; }

size_t EndOfBatchNorm(const Graph& graph) {
  size_t end = graph.ops.size();
  while (end > 0 && !HasBatchNorm(graph.ops[end - 1])) --end;
  return end;
}

}  // namespace

MomentsPass::MomentsPass(const Graph& graph, const Weights& weights, int64_t batch_size)
    : graph_(graph),
      producers_(graph.tensors.size(), -1),
      recomputed_(graph.tensors.size(), false),
      raw_(graph.tensors.size(), false),
      layers_(graph.ops.size()),
      measured_ops_(EndOfBatchNorm(graph)) {
  for (size_t i = 0; i < measured_ops_; ++i) {
    const Op& op = graph.ops[i];
    producers_[op.output] = static_cast<int32_t>(i);
    recomputed_[op.output] = IsRecomputed(op, batch_size);
    if (!HasBatchNorm(op)) continue;
    Layer& layer = layers_[i];
    layer.filter = PackFilter(op, SliceFilter(weights, graph, op));
    layer.gamma = SliceChannels(weights, op, ParameterRole::kGamma).contiguous();
    layer.beta = SliceChannels(weights, op, ParameterRole::kBeta).contiguous();
    layer.range = ClampRangeOf(op.activation);
  }
  memory_ = TensorMemory(graph, Floats(batch_size), Lifetimes());
}

bool MomentsPass::IsRecomputed(const Op& op, int64_t batch_size) const {
  constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
  if (!IsPointwise(op) || FloatsOf(op.output) * batch_size * kFloatBytes <= kKeptBytes)
    return false;
  const auto reads = [&](const Op& reader) {
    return std::find(reader.inputs.begin(), reader.inputs.end(), op.output) != reader.inputs.end();
  };
  return std::count_if(graph_.ops.begin(), graph_.ops.end(), reads) == 1 &&
         std::find_if(graph_.ops.begin(), graph_.ops.end(), reads)->kind ==
             OpKind::kDepthwiseConv2d;
}

std::vector<int64_t> MomentsPass::Floats(int64_t batch_size) const {
  std::vector<int64_t> floats(graph_.tensors.size(), 0);
  for (size_t i = 0; i < measured_ops_; ++i) {
    const int32_t tensor = graph_.ops[i].output;
    floats[tensor] = FloatsOf(tensor) * (recomputed_[tensor] ? 1 : batch_size);
  }
  return floats;
}

std::vector<int64_t> MomentsPass::Lifetimes() const {
  std::vector<int64_t> last = LastReaders(graph_);
  for (size_t i = 0; i < measured_ops_; ++i) {
    const Op& op = graph_.ops[i];
    if (!recomputed_[op.output]) continue;
    last[op.inputs[0]] = std::max(last[op.inputs[0]], last[op.output]);
  }
  return last;
}

const float* MomentsPass::Read(int32_t tensor, int64_t image) {
  if (tensor == graph_.input) return input_ + image * FloatsOf(tensor);
  float* values = memory_.at(tensor);
  if (recomputed_[tensor]) {
    const Op& op = graph_.ops[producers_[tensor]];
    const Layer& layer = layers_[producers_[tensor]];
    RunConvolution(graph_, op, Read(op.inputs[0], image), layer.folded.data_ptr<float>(),
                   {layer.shift.data_ptr<float>(), layer.range}, values);
    return values;
  }
  values += image * FloatsOf(tensor);
  if (raw_[tensor]) {
    const Layer& layer = layers_[producers_[tensor]];
    const Shape& shape = graph_.shape(tensor);
    kernels::ScaleShiftClamp(values, Pixels(shape), shape.channels, layer.scale.data_ptr<float>(),
                             layer.shift.data_ptr<float>(), layer.range, values);
  }
  return values;
}

void MomentsPass::Measure(size_t index, int64_t images, Moments& moments) {
  const Op& op = graph_.ops[index];
  Layer& layer = layers_[index];
  const bool recomputed = recomputed_[op.output];
  const int64_t floats = FloatsOf(op.output);
  sums_.Reset(op.out_channels);
  for (int64_t i = 0; i < images; ++i) {
    float* y = memory_.at(op.output) + (recomputed ? 0 : i * floats);
    RunConvolution(graph_, op, Read(op.inputs[0], i), layer.filter.data_ptr<float>(), {}, y);
    sums_.Add(y, Pixels(graph_.output_shape(op)));
  }
  moments.mean = at::empty({op.out_channels}, at::kFloat);
  moments.variance = at::empty({op.out_channels}, at::kFloat);
  sums_.Finish(moments.mean.data_ptr<float>(), moments.variance.data_ptr<float>());
  layer.scale = layer.gamma * (moments.variance + kBatchNormEpsilon).rsqrt_();
  layer.shift = layer.beta - moments.mean * layer.scale;
  if (recomputed) layer.folded = layer.filter * layer.scale;  // Channels are last.
  raw_[op.output] = !recomputed;
}

void MomentsPass::RunPlain(const Op& op, int64_t images) {
  CHECK(op.kind == OpKind::kAdd) << op.name << " before batch norm";
  const int64_t floats = FloatsOf(op.output);
  for (int64_t i = 0; i < images; ++i) {
    const float* a = Read(op.inputs[0], i);
    // Reading twice would normalize twice.
    const float* b = op.inputs[1] == op.inputs[0] ? a : Read(op.inputs[1], i);
    RunAdd(floats, a, b, memory_.at(op.output) + i * floats);
  }
}

std::vector<Moments> MomentsPass::Run(const at::Tensor& images) {
  const at::Tensor x = images.permute({0, 2, 3, 1}).contiguous();
  input_ = x.data_ptr<float>();
  std::vector<Moments> moments(graph_.ops.size());
  for (size_t i = 0; i < measured_ops_; ++i) {
    const Op& op = graph_.ops[i];
    if (HasBatchNorm(op)) {
      Measure(i, x.size(0), moments[i]);
    } else {
      RunPlain(op, x.size(0));
    }
    for (const int32_t input : op.inputs) raw_[input] = false;  // Read has normalized all images.
  }
  return moments;
}

}  // namespace boardloop
