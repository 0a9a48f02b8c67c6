// Events of a search or of the farm, those that are there and those that come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/event.pb.h"
#include "cli/remote/connection.h"

namespace boardloop {

class EventReader {
 public:
  // `parent` is a search's name, or empty: events of boards, workers and agents. `connection` is not owned.
  EventReader(Connection& connection, std::string parent);

  // Events since the last call, oldest first; each comes once.
  absl::StatusOr<std::vector<v1::Event>> Next();

 private:
  Connection& connection_;
  const std::string parent_;
  std::string page_token_;  // Of the last page, which grows at its end.
  int64_t sequence_ = 0;    // Of the last event.
};

}  // namespace boardloop
