// Looks up the searches that have a slot (search_slots.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "core/metrics/metrics.h"
#include "server/metrics/search_facts.h"
#include "server/metrics/search_slots.h"
#include "server/search/search_engine.h"

namespace boardloop {

class SearchGauges {
 public:
  // Nothing is owned.
  SearchGauges(Metrics& metrics, const Clock& clock, SearchSlots& slots);

  // Reads the newest candidates of running searches with a slot; those of one that has ended, once. One thread at a time.
  absl::Status LookUp(Store& store, SearchEngine& engine);

 private:
  struct OfSlot {
    std::map<v1::Search::Stage, prometheus::Gauge*> stages;
    std::map<v1::Candidate::State, prometheus::Gauge*> candidates;
    prometheus::Gauge *best_top1 = nullptr, *hypervolume = nullptr, *progress = nullptr,
                      *remaining = nullptr, *generation = nullptr, *start = nullptr;
  };
  struct Shown {
    SearchView view;  // Empty once it has ended.
    SearchFacts facts;
    RemainingTime remaining;
  };
  absl::Status Show(const std::string& name, SearchEngine& engine, const OfSlot& slot);

  const Clock& clock_;
  SearchSlots& slots_;
  Gauges& searches_;
  std::vector<OfSlot> gauges_;  // Slot 1 comes first.
  std::map<std::string, Shown> shown_;
};

}  // namespace boardloop
