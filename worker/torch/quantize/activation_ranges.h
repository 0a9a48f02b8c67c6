// Which real numbers the activations of a network take: what their int8 scales are chosen from.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "worker/torch/device_data.h"
#include "worker/torch/network.h"

namespace boardloop {

struct RealRange {
  float low = 0;   // <= 0
  float high = 0;  // >= 0
};

enum class RangeMethod : uint8_t {
  kMinMax,      // All that was seen.
  kPercentile,  // All but a share of `tail` at each end.
  kMse,         // Where rounding and clipping together cost the least squared error.
};

struct RangeOptions {
  RangeMethod method = RangeMethod::kMse;
  double tail = 1e-4;
  int64_t images = 1024;  // Of the data, drawn from the seed.
  uint64_t seed = 0;
};

// Ranges by tensor of `graph` over images of `data` (training images: validation must not be looked at). That of the
// input is the data's, that behind a ReLU6 within [0, 6]. Memory does not grow with the images: a first pass
// finds the extremes, a second one fills histograms between them.
//
// INVALID_ARGUMENT  options out of range; an activation that is not finite, whose operator is named
absl::StatusOr<std::vector<RealRange>> MeasureRanges(const Graph& graph,
                                                     const FoldedWeights& folded,
                                                     const DeviceData& data,
                                                     const RangeOptions& options);

}  // namespace boardloop
