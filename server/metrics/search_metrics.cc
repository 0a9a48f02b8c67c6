#include "server/metrics/search_metrics.h"

#include <cmath>

#include "server/metrics/labels.h"

namespace boardloop {

SearchMetrics::SearchMetrics(Metrics& metrics)
    : ended_(metrics.AddCounters("searches_ended_total",
                                 "Searches that ended since this process began.")),
      scored_(
          metrics.AddCounters("candidates_scored_total", "Candidates that got a top-1.").Add({})),
      measured_(metrics.AddCounters("candidates_measured_total",
                                    "Candidates that got a measurement, and where from.")),
      by_board_(measured_.Add({{"source", "board"}})),
      by_cache_(measured_.Add({{"source", "cache"}})),
      prediction_error_(
          metrics
              .AddHistograms("prediction_error_ratio",
                             "Of candidates with both: |predicted - measured latency| / measured.")
              .Add({}, prometheus::Histogram::BucketBoundaries{0.0001, 0.001, 0.005, 0.01, 0.02,
                                                               0.03, 0.05, 0.1, 0.2, 0.5, 1})) {
  for (const v1::Search::State state : SearchStates()) {
    if (state != v1::Search::RUNNING) ended_.Add({{"state", LabelOf(state)}});
  }
}

void SearchMetrics::CandidateScored() { scored_.Increment(); }

void SearchMetrics::CandidateMeasured(const v1::Candidate& candidate) {
  (candidate.from_cache() ? by_cache_ : by_board_).Increment();
  if (!candidate.has_predicted_latency_ms() || candidate.latency_ms() <= 0) return;
  prediction_error_.Observe(std::abs(candidate.predicted_latency_ms() - candidate.latency_ms()) /
                            candidate.latency_ms());
}

void SearchMetrics::SearchEnded(v1::Search::State state) {
  ended_.Add({{"state", LabelOf(state)}}).Increment();
}

}  // namespace boardloop
