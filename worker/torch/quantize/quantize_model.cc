#include "worker/torch/quantize/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "worker/data/dataset.h"

namespace boardloop {
namespace {

// A tensor that is zero throughout still needs a scale.
constexpr float kLeastSpan = 1e-4f;
// Of a filter's largest weight. Multipliers then stay in the range of fixed-point arithmetic.
constexpr float kLeastWeight = 1e-7f;
constexpr double kMostBias = 1 << 30;

// Of a convolution's multiplier (input scale * filter scale / output scale). The DSP kernels shift by 1 at least
// (firmware/codegen/lower_dsp_parts.h): it must be below 1/2, also once the filter scale has been rounded to float and
// the multiplier to a mantissa of 31 bits.
constexpr double kMostMultiplier = 0.5 * (1 - 0x1p-20);

Quantization QuantizeRange(const RealRange& range) {
  const float span = std::max(range.high - range.low, kLeastSpan);
  Quantization quantization;
  quantization.scale = span / 255.0f;
  quantization.zero_point = std::clamp(
      static_cast<int32_t>(std::lround(-128 - range.low / quantization.scale)), -128, 127);
  return quantization;
}

// Of an ADD's output to that of its operands: its last multiplier, 2^-19 of the inverse, must be below 1.
constexpr float kLeastAddRatio = 0x1p-12f;

// Where the weights of output channel c lie in a filter: from, step, count.
struct ChannelWeights {
  int64_t first, step, count;
};

ChannelWeights WeightsOf(const Op& op, int64_t elements, int64_t channel) {
  const int64_t count = elements / op.out_channels;
  if (op.kind == OpKind::kDepthwiseConv2d) return {channel, op.out_channels, count};
  return {channel * count, 1, count};
}

int8_t QuantizeWeight(float value, float scale) {
  // Clamped first: beside a capped scale a weight may be larger than integers go.
  return static_cast<int8_t>(std::lround(std::clamp(value / scale, -127.0f, 127.0f)));
}

int32_t QuantizeBias(double value, double scale) {
  return static_cast<int32_t>(std::llround(std::clamp(value / scale, -kMostBias, kMostBias)));
}

absl::Status QuantizeWeights(const Op& op, const FoldedOp& folded,
                             const std::vector<Quantization>& activations, OpWeights& weights) {
  const float input_scale = activations[op.inputs[0]].scale;
  const float most_scale = MostFilterScale(op, activations);
  const at::Tensor filter = folded.filter.contiguous(), bias = folded.bias.contiguous();
  const float* values = filter.data_ptr<float>();
  const float* biases = bias.data_ptr<float>();
  weights.filter.resize(static_cast<size_t>(filter.numel()));
  for (int64_t c = 0; c < op.out_channels; ++c) {
    const ChannelWeights where = WeightsOf(op, filter.numel(), c);
    float largest = kLeastWeight;
    bool finite = std::isfinite(biases[c]);
    for (int64_t i = 0; i < where.count; ++i) {
      const float value = values[where.first + i * where.step];
      finite = finite && std::isfinite(value);
      largest = std::max(largest, std::abs(value));
    }
    if (!finite) {
      return absl::InvalidArgumentError(
          absl::StrCat(op.name, ": a weight of output channel ", c, " is not finite"));
    }
    float scale = largest / 127.0f;
    // A bias far above its weights: a coarser scale, so that it fits.
    scale = std::max(scale, static_cast<float>(std::abs(biases[c]) / kMostBias / input_scale));
    // A bias that does not fit for all that saturates every output, also when it is cut.
    scale = std::min(scale, most_scale);
    weights.filter_scales.push_back(scale);
    weights.bias.push_back(QuantizeBias(biases[c], double{input_scale} * scale));
    for (int64_t i = 0; i < where.count; ++i) {
      const int64_t at = where.first + i * where.step;
      weights.filter[at] = QuantizeWeight(values[at], scale);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Quantization> QuantizeActivations(const Graph& graph,
                                              const std::vector<RealRange>& ranges) {
  std::vector<Quantization> quantization;
  for (const RealRange& range : ranges) quantization.push_back(QuantizeRange(range));
  quantization[graph.input] = {kInputScale, kInputZeroPoint};
  for (const Op& op : graph.ops) {
    if (op.kind != OpKind::kAdd) continue;
    Quantization& out = quantization[op.output];
    for (const int32_t input : op.inputs) {
      out.scale = std::max(out.scale, quantization[input].scale * kLeastAddRatio);
    }
  }
  return quantization;
}

float MostFilterScale(const Op& op, const std::vector<Quantization>& activations) {
  if (op.kind == OpKind::kFullyConnected) return std::numeric_limits<float>::infinity();
  return static_cast<float>(kMostMultiplier * activations[op.output].scale /
                            activations[op.inputs[0]].scale);
}

absl::StatusOr<Model> QuantizeModel(const Graph& graph, const FoldedWeights& folded,
                                    const std::vector<Quantization>& activations) {
  Model model;
  model.graph = graph;
  model.quantization = activations;
  model.weights.resize(graph.ops.size());
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (!folded[i].filter.defined()) continue;
    const Op& op = graph.ops[i];
    BL_RETURN_IF_ERROR(QuantizeWeights(op, folded[i], activations, model.weights[i]));
  }
  BL_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

FoldedOp Dequantize(const Model& model, size_t op_index, const FoldedOp& like) {
  const Op& op = model.graph.ops[op_index];
  const OpWeights& weights = model.weights[op_index];
  FoldedOp real;
  real.filter = at::empty(like.filter.sizes(), at::kFloat);
  real.bias = at::empty(like.bias.sizes(), at::kFloat);
  float* filter = real.filter.data_ptr<float>();
  for (int64_t c = 0; c < op.out_channels; ++c) {
    const float scale = weights.filter_scales[c];
    const ChannelWeights where = WeightsOf(op, real.filter.numel(), c);
    for (int64_t i = 0; i < where.count; ++i) {
      const int64_t at = where.first + i * where.step;
      filter[at] = scale * weights.filter[at];
    }
    real.bias.data_ptr<float>()[c] = static_cast<float>(
        static_cast<double>(weights.bias[c]) * scale * model.quantization[op.inputs[0]].scale);
  }
  return real;
}

}  // namespace boardloop
