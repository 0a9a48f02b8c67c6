#include "server/metrics/search_gauges.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/metrics/labels.h"

namespace boardloop {

SearchGauges::SearchGauges(Metrics& metrics, const Clock& clock, SearchSlots& slots)
    : clock_(clock), slots_(slots), searches_(metrics.AddGauges("searches", "Searches by state.")) {
  Gauges& stage = metrics.AddGauges("search_stage", "1 for the stage that the search is at.");
  Gauges& candidates = metrics.AddGauges("search_candidates", "Candidates of the search by state.");
  Gauges& top1 = metrics.AddGauges("search_best_top1_ratio",
                                   "Validation top-1 of the best candidate within all limits.");
  Gauges& hypervolume = metrics.AddGauges(
      "search_front_hypervolume_ratio",
      "Share of the box of top-1, latency and SRAM up to their limits that candidates dominate.");
  Gauges& progress = metrics.AddGauges("search_progress_ratio", "How far its stage is.");
  Gauges& remaining = metrics.AddGauges(
      "search_remaining_seconds", "What its stage will still take; NaN while that is not known.");
  Gauges& generation = metrics.AddGauges("search_generation", "Newest generation of evolution.");
  Gauges& start =
      metrics.AddGauges("search_start_timestamp_seconds", "When the search was created.");
  for (const v1::Search::State state : SearchStates()) searches_.Add({{"state", LabelOf(state)}});
  for (int i = 1; i <= SearchSlots::kSlots; ++i) {
    const std::string slot = absl::StrCat(i);
    OfSlot& gauges = gauges_.emplace_back();
    for (const v1::Search::Stage value : SearchStages()) {
      gauges.stages[value] = &stage.Add({{"slot", slot}, {"stage", LabelOf(value)}});
    }
    for (const v1::Candidate::State value : CandidateStates()) {
      gauges.candidates[value] = &candidates.Add({{"slot", slot}, {"state", LabelOf(value)}});
    }
    gauges.best_top1 = &top1.Add({{"slot", slot}});
    gauges.hypervolume = &hypervolume.Add({{"slot", slot}});
    gauges.progress = &progress.Add({{"slot", slot}});
    gauges.remaining = &remaining.Add({{"slot", slot}});
    gauges.generation = &generation.Add({{"slot", slot}});
    gauges.start = &start.Add({{"slot", slot}});
  }
}

absl::Status SearchGauges::LookUp(Store& store, SearchEngine& engine) {
  const absl::Status counted = store.Read([&](Transaction& tx) -> absl::Status {
    for (const v1::Search::State state : SearchStates()) {
      BL_ASSIGN_OR_RETURN(const int64_t count, tx.CountSearches(state));
      searches_.Add({{"state", LabelOf(state)}}).Set(static_cast<double>(count));
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(counted);
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> names, slots_.Update(store));
  for (auto it = shown_.begin(); it != shown_.end();) {
    const bool has_slot = std::find(names.begin(), names.end(), it->first) != names.end();
    it = has_slot ? std::next(it) : shown_.erase(it);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    BL_RETURN_IF_ERROR(Annotate(Show(names[i], engine, gauges_[i]), names[i]));
  }
  return absl::OkStatus();
}

absl::Status SearchGauges::Show(const std::string& name, SearchEngine& engine, const OfSlot& slot) {
  Shown& shown = shown_[name];
  SearchFacts& facts = shown.facts;
  const bool known =
      facts.state != v1::Search::STATE_UNSPECIFIED && facts.state != v1::Search::RUNNING;
  if (!known) {
    BL_RETURN_IF_ERROR(engine.Refresh(name, shown.view));
    facts = FactsOf(shown.view);
    facts.remaining = shown.remaining.Estimate(shown.view.search, clock_.Steady());
    if (facts.state != v1::Search::RUNNING) shown.view = SearchView();
  }
  for (const auto& [stage, gauge] : slot.stages) gauge->Set(stage == facts.stage ? 1 : 0);
  for (const auto& [state, gauge] : slot.candidates) {
    gauge->Set(static_cast<double>(facts.candidates[state]));
  }
  slot.best_top1->Set(facts.best_top1);
  slot.hypervolume->Set(facts.front_hypervolume);
  slot.progress->Set(facts.progress);
  slot.remaining->Set(facts.remaining.has_value() ? absl::ToDoubleSeconds(*facts.remaining)
                                                  : std::nan(""));
  slot.generation->Set(facts.generation);
  slot.start->Set(facts.start_seconds);
  return absl::OkStatus();
}

}  // namespace boardloop
