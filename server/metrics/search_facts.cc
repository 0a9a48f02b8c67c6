#include "server/metrics/search_facts.h"

#include <limits>

#include "server/search/pareto.h"
#include "server/store/timestamps.h"

namespace boardloop {

double FrontHypervolume(const v1::Limits& limits, const std::vector<v1::Candidate>& candidates) {
  const auto sram_limit = static_cast<double>(limits.sram_bytes());
  // An axis that is left out is one on which all are equal, of length 1.
  const ObjectiveValues corner{0, limits.latency_ms() > 0 ? limits.latency_ms() : 1,
                               sram_limit > 0 ? sram_limit : 1};
  std::vector<ObjectiveValues> points;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.state() != v1::Candidate::FEASIBLE) continue;
    ObjectiveValues point;
    point.top1 = candidate.top1();
    if (limits.latency_ms() > 0) {
      const bool predicted = !candidate.has_latency_ms() && candidate.has_predicted_latency_ms();
      point.latency_ms = candidate.has_latency_ms() ? candidate.latency_ms()
                         : predicted                ? candidate.predicted_latency_ms()
                                                    : std::numeric_limits<double>::infinity();
    }
    if (sram_limit > 0) point.sram_bytes = static_cast<double>(candidate.planned_sram_bytes());
    points.push_back(point);
  }
  std::vector<ObjectiveValues> front;
  for (const size_t index : ParetoFront(points)) front.push_back(points[index]);
  return Hypervolume(front, corner) / (corner.latency_ms * corner.sram_bytes);
}

SearchFacts FactsOf(const SearchView& view) {
  const v1::Search& search = view.search;
  const v1::SearchProgress& progress = search.progress();
  SearchFacts facts;
  facts.state = search.state();
  facts.best_top1 = progress.best_top1();
  facts.front_hypervolume = FrontHypervolume(search.limits(), view.candidates);
  for (const v1::Candidate& candidate : view.candidates) ++facts.candidates[candidate.state()];
  facts.generation = progress.generation();
  facts.start_seconds =
      absl::ToDoubleSeconds(FromTimestamp(search.create_time()) - absl::UnixEpoch());
  if (search.state() != v1::Search::RUNNING) {
    facts.progress = 1;
    return facts;
  }
  facts.stage = search.stage();
  facts.progress = progress.stage_fraction();
  return facts;
}

std::optional<absl::Duration> RemainingTime::Estimate(const v1::Search& search,
                                                      absl::Duration now) {
  if (search.state() != v1::Search::RUNNING) return absl::ZeroDuration();
  const double progress = search.progress().stage_fraction();
  // Less progress than before is that of another beginning, such as after a worker was lost.
  if (search.stage() != stage_ || progress < progress_) {
    stage_ = search.stage();
    since_ = now;
    progress_ = progress;
  }
  if (search.stage() == v1::Search::SUPERNET && search.progress().train_seconds_left() > 0) {
    return absl::Seconds(search.progress().train_seconds_left());
  }
  const double gained = progress - progress_;
  if (gained <= 0) return std::nullopt;
  return (now - since_) * ((1 - progress) / gained);
}

}  // namespace boardloop
