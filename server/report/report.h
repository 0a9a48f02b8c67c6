// What a finished search has to tell: everything that result.json and report.html are made from.
//
// Plain data: whoever delivers a search fills it in from the store. What is not known is absent (an
// empty optional, an unset proto field), never 0; both writers show it as such.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "boardloop/v1/measurement.pb.h"
#include "boardloop/v1/search.pb.h"
#include "boardloop/v1/task.pb.h"
#include "core/board/board_type.h"
#include "core/plan/network_facts.h"

namespace boardloop {

// A network that was measured after its latency had been predicted.
struct LatencyPair {
  std::string candidate;  // "searches/{search}/candidates/{candidate}"
  double predicted_ms = 0;
  double measured_ms = 0;
};

// Of the latency predictor of the search's board type, as it was at the end.
struct PredictorStatistics {
  int64_t measurements = 0;  // It learned from so many.
  // Mean absolute error in percent over measurements it had not seen.
  std::optional<double> error_percent;
  std::vector<LatencyPair> pairs;  // Of this search.
};

struct StageSeconds {
  std::string stage;  // As Search::Stage: "EVOLUTION".
  double seconds = 0;
};

struct SearchReport {
  v1::Search search;
  std::vector<v1::Candidate> candidates;  // All of the search, in the order of creation.

  // Of the winner; absent when there is none, or when the search ended before.
  std::optional<v1::SpecializeOutput> specialized;
  std::optional<v1::Measurement> image;     // The verification on the board, with its own weights.
  std::optional<v1::Measurement> resident;  // As measured in the search.
  std::optional<PlannedNetwork> network;

  BoardType board;
  std::optional<PredictorStatistics> predictor;
  // Of the pair that was searched; latencies as predicted from the measurements of this search.
  std::optional<v1::LimitShares> limit_shares;
  std::map<std::string, std::string> versions;    // By program: "coordinator", "worker", "agent".
  std::vector<StageSeconds> seconds;              // In order; stages that ran.
  std::map<std::string, std::string> provenance;  // Beside that of the measurements.
};

}  // namespace boardloop
