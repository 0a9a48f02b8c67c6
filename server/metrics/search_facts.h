// What is shown of one search, from its rows. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/search/search_context.h"

namespace boardloop {

struct SearchFacts {
  v1::Search::State state = v1::Search::STATE_UNSPECIFIED;
  v1::Search::Stage stage = v1::Search::STAGE_UNSPECIFIED;
  double best_top1 = 0;  // 0: no candidate is within all limits yet.
  double front_hypervolume = 0;
  std::map<v1::Candidate::State, int64_t> candidates;
  double progress = 0;  // Of its stage; 1 once it has ended.
  int32_t generation = 0;
  double start_seconds = 0;                                        // Since 1970.
  std::optional<absl::Duration> remaining = absl::ZeroDuration();  // RemainingTime.
};
// Of a view with its progress filled in (SearchEngine::Refresh).
SearchFacts FactsOf(const SearchView& view);

// Which share of the box of top-1 0..1, latency 0..limit and SRAM 0..limit the feasible candidates dominate, in [0, 1]; axes without a
// limit are left out.
double FrontHypervolume(const v1::Limits& limits, const std::vector<v1::Candidate>& candidates);

// How long the stage of a search with its progress filled in still takes, by how fast it went since we first saw it. Where a worker says
// it, that is better.
class RemainingTime {
 public:
  // nullopt: not known yet.
  std::optional<absl::Duration> Estimate(const v1::Search& search, absl::Duration now);

 private:
  v1::Search::Stage stage_ = v1::Search::STAGE_UNSPECIFIED;
  absl::Duration since_;
  double progress_ = 0;  // At that time.
};

}  // namespace boardloop
