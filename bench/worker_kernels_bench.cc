// Speed of the training kernels for CPUs, one thread: build/release/bench/worker_kernels_bench
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "worker/kernels/batch_norm.h"
#include "worker/kernels/convolution.h"
#include "worker/kernels/depthwise.h"

namespace boardloop::kernels {
namespace {

constexpr int64_t kImages = 64;

struct Buffers {
  DepthwiseShape shape;
  std::vector<float> x, y, filter;

  explicit Buffers(const benchmark::State& state) {
    shape = {kImages,        state.range(0), state.range(0),
             state.range(1), state.range(2), state.range(3)};
    x.assign(kImages * shape.height * shape.width * shape.channels, 0.5f);
    y.assign(kImages * shape.output_height() * shape.output_width() * shape.channels, 0.5f);
    filter.assign(shape.kernel * shape.kernel * shape.channels, 0.1f);
  }

  void CountMacs(benchmark::State& state) const {
    state.counters["GMAC/s"] = benchmark::Counter(
        1e-9 * static_cast<double>(y.size()) * static_cast<double>(shape.kernel * shape.kernel) *
            static_cast<double>(state.iterations()),
        benchmark::Counter::kIsRate);
  }
};

void Forward(benchmark::State& state) {
  Buffers b(state);
  for (auto _ : state) DepthwiseForward(b.shape, b.x.data(), b.filter.data(), b.y.data());
  b.CountMacs(state);
}

void BackwardInput(benchmark::State& state) {
  Buffers b(state);
  for (auto _ : state) DepthwiseBackwardInput(b.shape, b.y.data(), b.filter.data(), b.x.data());
  b.CountMacs(state);
}

void BackwardFilter(benchmark::State& state) {
  Buffers b(state);
  for (auto _ : state) DepthwiseBackwardFilter(b.shape, b.x.data(), b.y.data(), b.filter.data());
  b.CountMacs(state);
}

void Layers(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"side", "channels", "kernel", "stride"})
      ->Args({28, 48, 7, 2})
      ->Args({14, 48, 3, 1})
      ->Args({14, 48, 7, 1})
      ->Args({7, 96, 5, 1})
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK(Forward)->Apply(Layers);
BENCHMARK(BackwardInput)->Apply(Layers);
BENCHMARK(BackwardFilter)->Apply(Layers);

// One image at a time, as scoring does it.
void Pointwise(benchmark::State& state) {
  const int64_t rows = state.range(0) * state.range(0);
  const ConvolutionShape shape{1, rows, state.range(1), state.range(2)};
  const std::vector<float> x(rows * shape.in, 0.5f), filter(shape.in * shape.out, 0.1f);
  std::vector<float> y(rows * shape.out);
  for (auto _ : state) {
    ConvolutionForward(shape, x.data(), filter.data(), {nullptr, {0, 6}}, y.data());
  }
  state.counters["GMAC/s"] = benchmark::Counter(
      1e-9 * static_cast<double>(y.size() * shape.in) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(Pointwise)
    ->ArgNames({"side", "in", "out"})
    ->Args({28, 8, 48})
    ->Args({14, 8, 24})
    ->Args({14, 48, 8})
    ->Args({7, 96, 16})
    ->Args({4, 24, 144})
    ->Unit(benchmark::kMicrosecond);

// Training's whole work for one layer: statistics, normalization with ReLU6, gradients.
void BatchNorm(benchmark::State& state) {
  const int64_t rows = kImages * state.range(0) * state.range(0), channels = state.range(1);
  std::vector<float> x(rows * channels), y(rows * channels), grad(rows * channels, 0.1f);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 1000) * 0.001f;
  std::vector<float> mean(channels), variance(channels), ones(channels, 1), zeros(channels, 0);
  std::vector<float> grad_gamma(channels), grad_beta(channels);
  for (auto _ : state) {
    ChannelMoments(x.data(), rows, channels, mean.data(), variance.data());
    ScaleShiftClamp(x.data(), rows, channels, ones.data(), zeros.data(), {0, 6}, y.data());
    BatchNormBackward(x.data(), grad.data(), rows, channels, mean.data(), ones.data(), ones.data(),
                      zeros.data(), {0, 6}, grad.data(), grad_gamma.data(), grad_beta.data());
  }
  state.counters["Gvalues/s"] = benchmark::Counter(
      1e-9 * static_cast<double>(x.size()) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}
BENCHMARK(BatchNorm)
    ->ArgNames({"side", "channels"})
    ->Args({28, 8})
    ->Args({28, 48})
    ->Args({14, 48})
    ->Args({7, 96})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace boardloop::kernels
