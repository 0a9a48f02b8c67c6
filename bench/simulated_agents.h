// Many device agents in one process: each has a connection of its own and two boards, calls Synchronize as `boardloop-agent serve`
// does, and answers measurements after a drawn time, with results as large as real ones.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bench/measurement_queue.h"
#include "boardloop/v1/measurement.pb.h"

namespace boardloop {

struct SimulationOptions {
  std::string address;
  int agents = 1000;
  std::string board_type;
  // Of one measurement, drawn evenly between half and one and a half of it; zero: at once.
  absl::Duration measuring;
  absl::Duration ramp;    // In which the agents appear.
  absl::Duration settle;  // After that, before anything is counted.
  absl::Duration window;  // That is counted.
  uint64_t seed = 1;
};

// Of the window.
struct SimulationReport {
  double seconds = 0;
  std::vector<double> latencies_ms;  // Of Synchronize, from the call until its answer was read.
  int64_t results = 0;               // Acknowledged, and so durable.
  int64_t failed_calls = 0;
  int64_t lost_tasks = 0;         // That the coordinator took away.
  int64_t results_with_ramp = 0;  // Acknowledged since the beginning.
  double board_share = 0;         // Of the boards' time that they measured.
};

// What a board says of a network: as many operators and words as a real measurement has.
v1::Measurement SimulatedMeasurement(const DrawnNetwork& network, const std::string& board_type);

// `window_begins` and `window_ends` are called at those moments, on the caller's thread.
SimulationReport SimulateAgents(const SimulationOptions& options,
                                const std::vector<v1::Measurement>& answers,
                                const std::function<void()>& window_begins,
                                const std::function<void()>& window_ends);

}  // namespace boardloop
