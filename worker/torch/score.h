// Accuracy of subnets with the weights of a super-network: slice, recalibrate batch norm, count.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "worker/torch/device_data.h"
#include "worker/torch/network.h"

namespace boardloop {

struct CalibrationOptions {
  // Training images that batch-norm statistics are taken from, as the mean of the statistics of batches: 20
  // of 64 in Lin et al. 2020. Drawn from the seed.
  int64_t images = 1280;
  int64_t batch_size = 64;
  uint64_t seed = 0;
};

struct ScoreOptions {
  CalibrationOptions calibration;
  int64_t images = 0;  // Of the validation split, the first so many; 0: all.
  int threads = 1;     // Subnets scored side by side, on a CPU. Scores do not depend on it.
  // Called after each subnet, one call at a time. May be empty.
  std::function<void(int64_t done, int64_t total)> progress;
  // Asked before each subnet; true stops with CANCELLED. May be empty.
  std::function<bool()> cancelled;
};

struct Score {
  double top1 = 0;  // correct / images
  double loss = 0;  // Mean cross-entropy.
  int64_t correct = 0;
  int64_t images = 0;
};

// Statistics of each batch-norm layer of `graph` over images of `data`, by operator.
std::vector<Moments> CalibrateBatchNorm(const Graph& graph, const Weights& weights,
                                        const DeviceData& data, const CalibrationOptions& options);

// Counts on the first `images` of `data` (all where 0). The first of equal logits counts.
Score Evaluate(const Graph& graph, const FoldedWeights& folded, const DeviceData& data,
               int64_t images);

// One subnet; options.threads and the callbacks are for ScoreSubnets. A function of weights, data and options: on
// a CPU the same on every run. Scores use validation data only; `train` is for batch norm.
//
// INVALID_ARGUMENT  a subnet that is not of the space, or of another resolution than the data
absl::StatusOr<Score> ScoreSubnet(const Space& space, const Weights& weights, const Subnet& subnet,
                                  const DeviceData& train, const DeviceData& validation,
                                  const ScoreOptions& options);

// Each as ScoreSubnet, in the order of `subnets`. The first error in that order.
absl::StatusOr<std::vector<Score>> ScoreSubnets(const Space& space, const Weights& weights,
                                                absl::Span<const Subnet> subnets,
                                                const DeviceData& train,
                                                const DeviceData& validation,
                                                const ScoreOptions& options);

}  // namespace boardloop
