#include "worker/torch/quantize/activation_ranges.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/base/random.h"

namespace boardloop {
namespace {

constexpr int64_t kBatch = 64;
constexpr int64_t kBins = 2048;
constexpr double kPercentile = 1e-4;
constexpr int kSteps = 256;     // Of an int8 scale.
constexpr int kMseTrials = 40;  // Ranges tried, from all that was seen down to a fifth of it.

using Observer = std::function<void(int32_t tensor, const at::Tensor& values)>;

void ObserveBatches(const Graph& graph, const FoldedWeights& folded, const DeviceData& data,
                    const RangeOptions& options, const Observer& observer) {
  at::NoGradGuard no_grad;
  Random random(options.seed);
  for (int64_t done = 0; done < options.images; done += kBatch) {
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < std::min(kBatch, options.images - done); ++i) {
      samples.push_back(static_cast<int64_t>(random.Below(static_cast<uint64_t>(data.size()))));
    }
    ForwardFolded(graph, folded, data.At(samples).images, [&](size_t op, const at::Tensor& output) {
      observer(graph.ops[op].output, output);
      return output;
    });
  }
}

struct Histogram {
  float low = 0, high = 0;
  std::vector<double> counts;

  double bin_width() const { return (static_cast<double>(high) - low) / kBins; }
  double center(int64_t bin) const { return low + (static_cast<double>(bin) + 0.5) * bin_width(); }
};

RealRange CutPercentile(const Histogram& histogram) {
  double total = 0;
  for (const double count : histogram.counts) total += count;
  RealRange range{histogram.low, histogram.high};
  double below = 0;
  for (int64_t bin = 0; bin < kBins; ++bin) {
    below += histogram.counts[bin];
    if (below > kPercentile * total) break;
    range.low = static_cast<float>(histogram.low + (bin + 1) * histogram.bin_width());
  }
  double above = 0;
  for (int64_t bin = kBins - 1; bin >= 0; --bin) {
    above += histogram.counts[bin];
    if (above > kPercentile * total) break;
    range.high = static_cast<float>(histogram.low + bin * histogram.bin_width());
  }
  return {std::min(range.low, 0.0f), std::max(range.high, 0.0f)};
}

// Values inside are off by up to half a step, uniformly; those outside by their distance.
double SquaredError(const Histogram& histogram, const RealRange& range) {
  const double step = (static_cast<double>(range.high) - range.low) / (kSteps - 1);
  double error = 0;
  for (int64_t bin = 0; bin < kBins; ++bin) {
    const double x = histogram.center(bin);
    const double outside = std::max({range.low - x, x - range.high, 0.0});
    error += histogram.counts[bin] * (outside * outside + step * step / 12);
  }
  return error;
}

RealRange LeastError(const Histogram& histogram) {
  RealRange best{histogram.low, histogram.high};
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < kMseTrials; ++trial) {
    const float share = 1.0f - 0.8f * static_cast<float>(trial) / kMseTrials;
    const RealRange range{histogram.low * share, histogram.high * share};
    const double error = SquaredError(histogram, range);
    if (error >= least) continue;
    least = error;
    best = range;
  }
  return best;
}

RealRange Choose(const Histogram& histogram, RangeMethod method) {
  if (method == RangeMethod::kPercentile) return CutPercentile(histogram);
  return LeastError(histogram);
}

}  // namespace

std::vector<RealRange> MeasureRanges(const Graph& graph, const FoldedWeights& folded,
                                     const DeviceData& data, const RangeOptions& options) {
  std::vector<RealRange> ranges(graph.tensors.size());
  ranges[graph.input] = {0, 1};
  ObserveBatches(graph, folded, data, options, [&](int32_t tensor, const at::Tensor& values) {
    // A range always has the zero: padding is one, and so is what a ReLU leaves.
    ranges[tensor].low = std::min(ranges[tensor].low, values.min().item<float>());
    ranges[tensor].high = std::max(ranges[tensor].high, values.max().item<float>());
  });
  if (options.method == RangeMethod::kMinMax) return ranges;

  std::vector<Histogram> histograms(graph.tensors.size());
  for (size_t t = 0; t < ranges.size(); ++t) {
    histograms[t] = {ranges[t].low, ranges[t].high, std::vector<double>(kBins, 0)};
  }
  ObserveBatches(graph, folded, data, options, [&](int32_t tensor, const at::Tensor& values) {
    Histogram& histogram = histograms[tensor];
    if (!(histogram.high > histogram.low)) return;
    const at::Tensor counts =
        at::histc(values.to(at::kCPU).flatten(), kBins, histogram.low, histogram.high);
    const float* count = counts.data_ptr<float>();
    for (int64_t bin = 0; bin < kBins; ++bin) histogram.counts[bin] += count[bin];
  });
  for (const Op& op : graph.ops) {
    const Histogram& histogram = histograms[op.output];
    if (histogram.high > histogram.low) ranges[op.output] = Choose(histogram, options.method);
  }
  return ranges;
}

}  // namespace boardloop
