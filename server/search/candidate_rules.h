// The life of a candidate: what each answer makes of its row. Pure functions.
#pragma once

#include <string>

#include "boardloop/v1/search.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

// What a score says; of a task that failed, why.
void ApplyScore(v1::Candidate& candidate, const store::Task& task);
// What a measurement says, of a board or from the cache.
void ApplyMeasurement(v1::Candidate& candidate, const v1::Measurement& measurement);
// The measurement's task failed for good.
void ApplyMeasureFailure(v1::Candidate& candidate, const std::string& message);

// All answers are there: FEASIBLE, INFEASIBLE or FAILED. Where the policy skipped the board, the predicted latency counts.
void Resolve(v1::Candidate& candidate, const v1::Limits& limits);

}  // namespace boardloop
