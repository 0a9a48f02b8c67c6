// The int8 interpreter on one thread: multiply-accumulates per second, layer by layer.
//
//   build/release/bench/interpreter_bench
#include <benchmark/benchmark.h>

#include <utility>
#include <vector>

#include "core/graph/model.h"
#include "core/quant/interpreter.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

// Counter: multiply-accumulates per second.
void Run(benchmark::State& state, GraphBuilder builder, int32_t output) {
  absl::StatusOr<Graph> graph = std::move(builder).Build({output});
  CHECK(graph.ok()) << graph.status();
  const Model model = RandomModel(*graph, /*seed=*/1);
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  CHECK(interpreter.ok()) << interpreter.status();
  const std::vector<int8_t> input(graph->shape(graph->input).elements(), 3);
  for (auto _ : state) CHECK(interpreter->Run(input).ok());
  state.counters["MAC/s"] = benchmark::Counter(
      static_cast<double>(Measure(*graph).macs) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
}

void Conv(benchmark::State& state, Shape input, int32_t out_channels, int32_t kernel) {
  GraphBuilder builder("conv");
  const int32_t output = builder.Conv("conv", builder.Input(input), out_channels,
                                      CenteredWindow(kernel, 1), Activation::kRelu6);
  Run(state, std::move(builder), output);
}

void Depthwise(benchmark::State& state, Shape input, int32_t kernel) {
  GraphBuilder builder("depthwise");
  const int32_t output = builder.Depthwise("depthwise", builder.Input(input),
                                           CenteredWindow(kernel, 1), Activation::kRelu6);
  Run(state, std::move(builder), output);
}

BENCHMARK_CAPTURE(Conv, 3x3_32x32x16_to_16, Shape{32, 32, 16}, 16, 3);
BENCHMARK_CAPTURE(Conv, 1x1_40x40x16_to_48, Shape{40, 40, 16}, 48, 1);
BENCHMARK_CAPTURE(Conv, 1x1_20x20x96_to_24, Shape{20, 20, 96}, 24, 1);
BENCHMARK_CAPTURE(Depthwise, 3x3_40x40x48, Shape{40, 40, 48}, 3);
BENCHMARK_CAPTURE(Depthwise, 7x7_20x20x96, Shape{20, 20, 96}, 7);

}  // namespace
}  // namespace boardloop
