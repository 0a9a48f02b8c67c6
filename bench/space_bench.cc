// Spaces: what one sample costs, and the whole of space optimization.
#include <benchmark/benchmark.h>

#include "core/base/parallel.h"
#include "core/graph/build_subnet.h"
#include "core/space/space_optimization.h"

namespace boardloop {
namespace {

Space Imagenet() { return *SpacePreset("mbv2-imagenet"); }

void SampleAndBuild(benchmark::State& state) {
  Space space = Imagenet();
  Random random(1);
  for (auto _ : state) {
    absl::StatusOr<Graph> graph = BuildSubnet(space, SampleSubnet(space, 0.5, 144, random));
    benchmark::DoNotOptimize(Measure(*graph));
  }
}
BENCHMARK(SampleAndBuild)->Unit(benchmark::kMicrosecond);

void SampleAndHash(benchmark::State& state) {
  Space space = Imagenet();
  Random random(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(HashSubnet(SampleSubnet(space, 0.5, 144, random)));
  }
}
BENCHMARK(SampleAndHash)->Unit(benchmark::kMicrosecond);

// The 108 spaces of the paper with 1,000 samples each, for the memory of the STM32F746.
void OptimizeAllSpaces(benchmark::State& state) {
  Space space = Imagenet();
  SpaceOptimizationOptions options;
  options.threads = DefaultThreads();
  for (auto _ : state) {
    benchmark::DoNotOptimize(OptimizeSpace(space, {320 * 1024, 1 << 20}, options));
  }
}
BENCHMARK(OptimizeAllSpaces)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace boardloop
