// All that a search has decided and found, as texts that equal searches share.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search_service.grpc.pb.h"

namespace boardloop {

struct SearchOutcome {
  // Every field of every candidate in the order of creation, its measurement too; without wall times and without what tells how often
  // something was tried. The front in its order.
  std::vector<std::string> candidates, front;
  std::string winner;
  // "FILE SHA256" of every file that is delivered, but for those that tell of the run itself: result.json and report.html.
  std::vector<std::string> deliverables;
};

// Of a search that has ended. Errors of the coordinator are passed on.
absl::StatusOr<SearchOutcome> ReadOutcome(v1::SearchService::Stub& searches,
                                          const v1::Search& search);

// The first difference, for people; empty when there is none.
std::string Difference(const SearchOutcome& a, const SearchOutcome& b);

}  // namespace boardloop
