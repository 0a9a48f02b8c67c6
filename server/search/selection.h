// Which candidates are worth more work: those that boards measure, and those that are specialized.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "boardloop/v1/search.pb.h"
#include "server/search/individual.h"
#include "server/search/latency_predictor.h"

namespace boardloop {

// The best `count` feasible individuals, the best first, fewer if there are fewer. For
// OBJECTIVE_PARETO they are those of the front, the least crowded first, and of later fronts only
// when it is too small.
std::vector<Individual> Finalists(v1::Objective objective, absl::Span<const Individual> individuals,
                                  size_t count);

// What MEASURE_POLICY_CONFIDENT_SKIP weighs.
struct MeasureQuestion {
  v1::Objective objective = v1::OBJECTIVE_ACCURACY;
  v1::Limits limits;
  size_t parents = 1;    // EvolutionSpec::parents.
  size_t finalists = 1;  // SpecializationSpec::finalists.
};

struct MeasureDecision {
  bool measure = true;
  std::string reason;  // For people.
};

// Whether a board measures `candidate`, which has its score and no latency yet. It is measured when
// the prediction is not confident, when the latency limit lies within its error, or when it would
// be a parent or a finalist among `others` if the prediction were right. A confident prediction
// beyond the limit needs no board: the candidate is infeasible by it.
//
// `others` are the candidates of closed generations, so that the answer does not depend on who
// answered first.
MeasureDecision ShouldMeasure(const MeasureQuestion& question, const Individual& candidate,
                              const LatencyPrediction& prediction,
                              absl::Span<const Individual> others);

}  // namespace boardloop
