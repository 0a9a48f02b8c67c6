// Counts what searches do: candidates, how well their latency was predicted, and how searches end.
#pragma once

#include "core/metrics/metrics.h"
#include "server/search/search_observer.h"

namespace boardloop {

// Thread-safe.
class SearchMetrics : public SearchObserver {
 public:
  explicit SearchMetrics(Metrics& metrics);  // Not owned.

  void CandidateScored() override;
  void CandidateMeasured(const v1::Candidate& candidate) override;
  void SearchEnded(v1::Search::State state) override;

 private:
  Counters& ended_;
  prometheus::Counter& scored_;
  Counters& measured_;
  prometheus::Counter& by_board_;
  prometheus::Counter& by_cache_;
  prometheus::Histogram& prediction_error_;
};

}  // namespace boardloop
