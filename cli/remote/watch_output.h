// Where `boardloop watch` shows its updates: a live screen, lines for a log, or JSON.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "boardloop/v1/search_service.pb.h"
#include "cli/remote/connection.h"

namespace boardloop {

class WatchOutput {
 public:
  virtual ~WatchOutput() = default;
  // Statuses of WriteResults.
  virtual absl::Status Update(const v1::WatchSearchResponse& response) = 0;
  virtual void Lost(const absl::Status& why) = 0;
};

// A live screen; asks `connection`, which is not owned, for the Pareto front when it may have changed.
std::unique_ptr<WatchOutput> MakeScreenOutput(Connection& connection);
// One line for each change and event.
std::unique_ptr<WatchOutput> MakeLogOutput();
// One JSON object for each update.
std::unique_ptr<WatchOutput> MakeJsonOutput();

}  // namespace boardloop
