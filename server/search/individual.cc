#include "server/search/individual.h"

#include <algorithm>
#include <tuple>

namespace boardloop {
namespace {

double Excess(double needed, double allowed) {
  return allowed > 0 ? std::max(0.0, needed / allowed - 1) : 0.0;
}

}  // namespace

double LimitViolation(const v1::Limits& limits, int64_t sram_bytes,
                      std::optional<double> latency_ms) {
  const double sram =
      Excess(static_cast<double>(sram_bytes), static_cast<double>(limits.sram_bytes()));
  return std::max(sram, Excess(latency_ms.value_or(0), limits.latency_ms()));
}

ObjectiveValues ValuesOf(const Individual& individual) {
  constexpr double kUnknown = std::numeric_limits<double>::infinity();
  ObjectiveValues values;
  values.top1 = individual.top1.value_or(-kUnknown);
  values.latency_ms = individual.latency_ms.value_or(kUnknown);
  values.sram_bytes = static_cast<double>(individual.sram_bytes);
  values.feasible = individual.feasible;
  values.violation = individual.violation;
  return values;
}

bool MoreAccurate(const Individual& a, const Individual& b) {
  const auto key = [](const Individual& individual) {
    const ObjectiveValues values = ValuesOf(individual);
    return std::make_tuple(!values.feasible, values.feasible ? 0.0 : values.violation, -values.top1,
                           values.latency_ms, individual.number);
  };
  return key(a) < key(b);
}

std::vector<Individual> SelectBest(v1::Objective objective,
                                   absl::Span<const Individual> individuals, size_t count) {
  std::vector<Individual> sorted(individuals.begin(), individuals.end());
  std::sort(sorted.begin(), sorted.end(), MoreAccurate);
  if (objective != v1::OBJECTIVE_PARETO) {
    sorted.resize(std::min(count, sorted.size()));
    return sorted;
  }
  std::vector<ObjectiveValues> values;
  for (const Individual& individual : sorted) values.push_back(ValuesOf(individual));
  std::vector<Individual> selected;
  for (const size_t index : SelectByFronts(values, count)) selected.push_back(sorted[index]);
  return selected;
}

}  // namespace boardloop
