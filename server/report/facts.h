// What both writers derive from a SearchReport: one place that decides which measurement a figure
// comes from, so that result.json and report.html cannot disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/report/report.h"

namespace boardloop::report {

// Bytes of the delivered network, by part. Arena and scratch are those of the plan where no board
// was asked; all others come from a measurement.
struct MemoryFacts {
  std::optional<int64_t> arena, scratch, data, stack;
  std::optional<int64_t> weights, constants, code;

  // Sums are known when all their parts are. The limits of a search hold for the network's.
  std::optional<int64_t> SramNetwork() const;  // arena + scratch
  std::optional<int64_t> SramTotal() const;
  std::optional<int64_t> FlashNetwork() const;  // weights + constants
  std::optional<int64_t> FlashTotal() const;
};

// Pointers are into the report that they were gathered from, which must outlive them.
struct Facts {
  const v1::Candidate* winner = nullptr;
  // Of the winner: the image if it ran, else resident; nullptr when there is no good one.
  const v1::Measurement* measurement = nullptr;
  const v1::SpaceResult* space = nullptr;  // Of the chosen pair.
  // Feasible candidates that no other feasible one dominates in top-1, measured latency and planned
  // SRAM; best top-1 first.
  std::vector<const v1::Candidate*> front;

  std::optional<double> latency_ms;           // Of `measurement`.
  std::optional<double> resident_latency_ms;  // In the search.
  std::optional<double> board_top1;
  std::string timing;        // "MEASURED", "MODELLED"; empty: not measured.
  std::string timing_model;  // Name and version; empty when measured.
  MemoryFacts memory;

  int64_t measured = 0, scored = 0, feasible = 0, infeasible = 0, failed = 0, cached = 0;
};

Facts GatherFacts(const SearchReport& report);

// The front as above, of any candidates. O(n log n + n * front).
std::vector<const v1::Candidate*> ParetoFront(const std::vector<v1::Candidate>& candidates);

// Figures of a candidate; one that is not a finite number is not known.
std::optional<double> KnownTop1(const v1::Candidate& candidate);
std::optional<double> MeasuredLatency(const v1::Candidate& candidate);
// The measured latency, else the predicted one.
std::optional<double> KnownLatency(const v1::Candidate& candidate);

// Last part of a resource name: "searches/a/candidates/12" -> "12".
std::string LastPart(const std::string& name);

}  // namespace boardloop::report
