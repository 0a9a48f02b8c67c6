// What the latency predictor learns from: candidates that boards have measured.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"
#include "core/board/board_type.h"
#include "core/plan/plan.h"
#include "core/plan/step_work.h"
#include "core/space/space.h"
#include "server/search/latency_predictor.h"
#include "server/search/search_context.h"

namespace boardloop {

// The steps of a candidate, `text` its canonical subnet, as `plan` plans it.
absl::StatusOr<std::vector<StepWork>> WorkOfSubnet(const Space& space, const PlanOptions& plan,
                                                   const std::string& text);

// Of the measured ones among `candidates` that are of a generation before `generation`. `space` and `plan` are those that they were
// measured with.
absl::StatusOr<std::vector<LatencySample>> LatencySamples(
    const Space& space, const PlanOptions& plan, const std::vector<v1::Candidate>& candidates,
    int32_t generation = std::numeric_limits<int32_t>::max());

// Learned from the newest searches for `type`; nullopt while nothing has been measured on it.
absl::StatusOr<std::optional<LatencyPredictor>> PredictorOfType(const SearchContext& context,
                                                                const BoardType& type);

}  // namespace boardloop
