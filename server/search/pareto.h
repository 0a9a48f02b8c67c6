// Pareto fronts of top-1, latency and SRAM: non-dominated sorting and crowding distances as in
// NSGA-II (Deb et al. 2002), with its constrained domination, and the hypervolume.
//
// No value is NaN; unknown ones are infinite, on their bad side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace boardloop {

struct ObjectiveValues {
  double top1 = 0;        // More is better.
  double latency_ms = 0;  // Less is better, as below.
  double sram_bytes = 0;
  bool feasible = true;
  double violation = 0;  // Of the limits, at least 0. Ignored when feasible.
};

// Whether `a` dominates `b`: feasible against infeasible; of two infeasible ones the one that
// violates less; of two feasible ones the one that is nowhere worse and somewhere better.
bool Dominates(const ObjectiveValues& a, const ObjectiveValues& b);

// By point, the number of its front: 0 for those that nothing dominates, n + 1 for those that
// nothing dominates once the fronts to n are gone. In O(n log^2 n).
std::vector<int32_t> FrontNumbers(absl::Span<const ObjectiveValues> points);

// Indices of the feasible points that nothing dominates, ascending. Equal points are all in it.
std::vector<size_t> ParetoFront(absl::Span<const ObjectiveValues> points);

// By point of one front, how far apart its neighbours are, summed over the objectives, each scaled
// to the front's extent. Infinite for the ends of each objective. An objective that is the same
// everywhere, or not finite, adds nothing. Only which of two equal points is called crowded depends
// on their order.
std::vector<double> CrowdingDistances(absl::Span<const ObjectiveValues> front);

// Indices of the best `count` points, the best first: by front, then the least crowded, then in
// their order.
std::vector<size_t> SelectByFronts(absl::Span<const ObjectiveValues> points, size_t count);

// The volume of what the feasible points dominate, up to `reference` (a low top-1, a high latency
// and SRAM). Points that are not better than it everywhere add nothing. In (top-1 x ms x bytes),
// exact, O(n^2).
double Hypervolume(absl::Span<const ObjectiveValues> points, const ObjectiveValues& reference);

}  // namespace boardloop
