// Latencies without a board for each network: a search's predictor, fitted to random networks that a board has measured.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/measurement_queue.h"
#include "server/search/latency_predictor.h"

namespace boardloop {

// Measures `networks`, resident, on a virtual board that is started for it.
//
// FAILED_PRECONDITION  one could not be measured; the message says why
absl::StatusOr<LatencyPredictor> FitToBoard(const std::string& board_type,
                                            const std::vector<DrawnNetwork>& networks);

}  // namespace boardloop
