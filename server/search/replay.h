// Replay: a finished search decided again from its rows. No board and no worker is needed: what they answered is there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/search/search_context.h"

namespace boardloop {

struct ReplayResult {
  int64_t decisions = 0;  // Compared: pair, candidates, finalists, winner.
  std::vector<std::string>
      differences;  // What would be decided otherwise today; empty: the same search.
};

// NOT_FOUND            no such search
// FAILED_PRECONDITION  it has not come to decisions yet
absl::StatusOr<ReplayResult> ReplaySearch(const SearchContext& context, const std::string& name);

}  // namespace boardloop
