// A candidate as the search's algorithms see it: its genes and what is known of it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "boardloop/v1/search.pb.h"
#include "core/space/subnet.h"
#include "server/search/pareto.h"

namespace boardloop {

inline constexpr double kDidNotRun = std::numeric_limits<double>::infinity();

struct Individual {
  int64_t number = 0;  // Of the candidate in its search: unique, in the order of creation.
  Subnet subnet;
  std::optional<double> top1;        // On the validation split.
  std::optional<double> latency_ms;  // Measured; where the policy skipped that, predicted.
  int64_t sram_bytes = 0;            // As planned.
  // Has an answer to everything, and is within all limits: `top1` is set.
  bool feasible = false;
  // Of others, how far they are beyond the limits: LimitViolation, or kDidNotRun.
  double violation = 0;
};

// The largest of needed / allowed - 1 over SRAM and latency, at least 0. A limit of 0 is none, and
// so is a latency that is not known. (Flash is as planned: no candidate misses it.)
double LimitViolation(const v1::Limits& limits, int64_t sram_bytes,
                      std::optional<double> latency_ms);

// Whether `a` is the better of the two when accuracy is what counts: feasible before infeasible,
// less violation, higher top-1, lower latency, lower number. A strict order of individuals with
// numbers of their own. A top-1 or latency that is not known is worse than any other.
bool MoreAccurate(const Individual& a, const Individual& b);

ObjectiveValues ValuesOf(const Individual& individual);

// The best `count` individuals, the best first, fewer if there are fewer: by MoreAccurate, or for
// OBJECTIVE_PARETO by front and crowding distance (SelectByFronts). Infeasible ones come after all
// feasible ones, the least violating first. Does not depend on the order of `individuals`.
std::vector<Individual> SelectBest(v1::Objective objective,
                                   absl::Span<const Individual> individuals, size_t count);

}  // namespace boardloop
