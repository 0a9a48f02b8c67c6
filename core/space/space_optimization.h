// Space optimization, the first stage of TinyNAS (Lin et al. 2020): which (width multiplier,
// resolution) pair holds the largest networks that fit the memory. For every pair, sample subnets,
// keep those whose plan fits, and rank the pairs by the mean MACs of the survivors. No training.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/plan/plan.h"
#include "core/space/space.h"
#include "core/space/subnet.h"

namespace boardloop {

struct SpaceLimits {
  int64_t sram_bytes = 0;   // For the network: arena and scratch.
  int64_t flash_bytes = 0;  // For the network, beside code (core/plan/flash_use.h).
};

// The planner's defaults, layer by layer.
inline PlanOptions PlanOptionsWithoutPatches() {
  PlanOptions options;
  options.patch = false;
  return options;
}

struct SpaceOptimizationOptions {
  int32_t samples = 1000;  // Per pair. In [1, 1,000,000]; at most 20 million over all pairs.
  uint64_t seed = 1;
  double min_survival_rate = 0.05;  // Pairs below it are reported but not ranked.
  int32_t threads = 1;              // The result does not depend on it. In [1, 1024].
  // `plan.sram_limit` is set from the limits; a patch plan counts when it meets the limit.
  PlanOptions plan = PlanOptionsWithoutPatches();
  // Called now and then from any thread with samples done and in all, and once at the end; may be
  // empty.
  std::function<void(int64_t done, int64_t total)> progress;
  // Asked before every sample from any thread: true gives the rest up. May be empty.
  std::function<bool()> cancelled;
};

// What was found for one (width multiplier, resolution) pair.
struct SpaceStatistics {
  double width_mult = 0;
  int32_t resolution = 0;
  int32_t sampled = 0;
  int32_t survivors = 0;
  double survival_rate = 0;  // survivors / sampled
  double mean_macs = 0;      // Of the survivors; 0 when there are none.
  // Half width of the 95 % confidence interval of mean_macs (normal approximation); 0 for fewer
  // than two survivors, where it is not known.
  double mean_macs_ci95 = 0;
  int32_t rank = 0;           // 1 is best; 0: not ranked (too few survivors).
  std::vector<int64_t> macs;  // Of the survivors, ascending: the CDF.
};

// The sample that misses the limits by the least (by the larger of the two ratios needed /
// allowed).
struct ClosestMiss {
  Subnet subnet;
  int64_t sram_bytes = 0;  // What it needs.
  int64_t flash_bytes = 0;
};

struct SpaceOptimizationResult {
  std::vector<SpaceStatistics> spaces;      // In grid order: width, then resolution, ascending.
  std::optional<ClosestMiss> closest_miss;  // Set when nothing at all fits.
};

// INVALID_ARGUMENT  options or limits out of range (limits of at least 1 byte, rate in [0, 1]), an
//                   invalid space, or a subnet of it that leaves the limits of a Graph
// CANCELLED         `options.cancelled` said so
absl::StatusOr<SpaceOptimizationResult> OptimizeSpace(const Space& space, const SpaceLimits& limits,
                                                      const SpaceOptimizationOptions& options);

}  // namespace boardloop
