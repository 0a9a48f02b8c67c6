#include "server/search/selection.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

bool Contains(const std::vector<Individual>& individuals, int64_t number) {
  return std::any_of(individuals.begin(), individuals.end(),
                     [number](const Individual& i) { return i.number == number; });
}

}  // namespace

std::vector<Individual> Finalists(v1::Objective objective, absl::Span<const Individual> individuals,
                                  size_t count) {
  std::vector<Individual> feasible;
  std::copy_if(individuals.begin(), individuals.end(), std::back_inserter(feasible),
               [](const Individual& individual) { return individual.feasible; });
  return SelectBest(objective, feasible, count);
}

MeasureDecision ShouldMeasure(const MeasureQuestion& question, const Individual& candidate,
                              const LatencyPrediction& prediction,
                              absl::Span<const Individual> others) {
  if (!prediction.confident) {
    return {true, absl::StrCat("the prediction is not confident: ", prediction.doubt)};
  }
  const double limit = question.limits.latency_ms();
  const double distance = std::abs(prediction.latency_ms - limit);
  if (limit > 0 && distance <= prediction.band_ms) {
    return {true, absl::StrFormat("the limit of %.4g ms is within %.4g +- %.2g ms", limit,
                                  prediction.latency_ms, prediction.band_ms)};
  }
  if (limit > 0 && prediction.latency_ms > limit) {
    return {false, absl::StrFormat("%.4g +- %.2g ms are predicted, the limit is %.4g ms",
                                   prediction.latency_ms, prediction.band_ms, limit)};
  }
  if (!candidate.top1.has_value()) return {false, "it has no score"};
  std::vector<Individual> all;
  std::copy_if(others.begin(), others.end(), std::back_inserter(all),
               [&](const Individual& other) { return other.number != candidate.number; });
  all.push_back(candidate);
  all.back().latency_ms = prediction.latency_ms;
  all.back().feasible = true;
  if (Contains(SelectBest(question.objective, all, question.parents), candidate.number)) {
    return {true, "it would be a parent"};
  }
  if (Contains(Finalists(question.objective, all, question.finalists), candidate.number)) {
    return {true, "it would be a finalist"};
  }
  return {false, absl::StrFormat("%.4g +- %.2g ms are predicted, and others are better",
                                 prediction.latency_ms, prediction.band_ms)};
}

}  // namespace boardloop
