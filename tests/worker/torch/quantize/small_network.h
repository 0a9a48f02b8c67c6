// A small network with random weights, folded and ready to be quantized.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/quantize/activation_ranges.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/recipe.h"
#include "worker/torch/score.h"

namespace boardloop {

struct SmallNetwork {
  v1::SupernetSpec supernet = SmallSupernet();
  Dataset data = Quadrants(192, 1);
  DeviceData train{data, at::kCPU};
  Graph graph;
  std::shared_ptr<const ParameterLayout> layout;
  Weights weights;
  FoldedWeights folded;
  RangeOptions ranges;
  std::vector<Quantization> activations;

  explicit SmallNetwork(uint64_t seed, RangeMethod method = RangeMethod::kMse) {
    Random random(seed);
    graph = BuildSubnet(supernet.space(), SampleOf(supernet, random)).value();
    layout = std::make_shared<const ParameterLayout>(
        ParameterLayout::ForGraph(graph, LayoutOptions()).value());
    weights = ViewWeights(layout, InitialWeights(*layout, seed));
    CalibrationOptions calibration;
    calibration.images = 128;
    folded = FoldBatchNorm(graph, weights, CalibrateBatchNorm(graph, weights, train, calibration));
    ranges.method = method;
    ranges.images = 128;
    MeasureAgain();
  }

  // After a change of `folded` or `ranges`.
  void MeasureAgain() {
    activations = QuantizeActivations(graph, MeasureRanges(graph, folded, train, ranges).value());
  }
  absl::StatusOr<Model> Quantize() const { return QuantizeModel(graph, folded, activations); }
};

}  // namespace boardloop
