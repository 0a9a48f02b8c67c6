// What `boardloop analyze` says of one network, as a value, as JSON and as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/table.h"
#include "core/graph/graph.h"
#include "core/plan/accounting_rules.h"
#include "core/plan/plan.h"
#include "nlohmann/json_fwd.hpp"

namespace boardloop {

struct AnalysisOptions {
  PlanOptions plan;  // With the SRAM limit, if there is one; with regions, it is their sum.
  std::optional<int64_t> flash_limit;
};

struct Analysis {
  std::string name;
  NetworkSize size;
  int64_t flash_bytes = 0;  // Beside code, at most, with `plan` (core/plan/flash_use.h).
  AccountingRules rules;
  Plan plan;
  Plan layer_by_layer;  // As `plan`, without patches: what they are compared with.
  AnalysisOptions options;

  // MACs with the halos of patches, and their share beyond `size.macs`.
  int64_t planned_macs() const;
  double extra_macs() const;
  bool fits_sram() const { return plan.meets_limit; }
  bool fits_flash() const { return !options.flash_limit || flash_bytes <= *options.flash_limit; }
  bool fits() const { return fits_sram() && fits_flash(); }
};

// INVALID_ARGUMENT  as PlanGraph
absl::StatusOr<Analysis> Analyze(const Graph& graph, const AnalysisOptions& options);

// The object that docs/formats/cli.md describes. Limits and `meets_...` stand in it only when
// limits were given.
nlohmann::ordered_json ToJson(const Analysis& analysis);

// One row per network; the second table has the accounting rules, the third the steps of one plan.
Table SummaryTable(const std::vector<Analysis>& analyses);
Table RulesTable(const std::vector<Analysis>& analyses);
Table StepTable(const Plan& plan);

// "layer by layer" or "3 x 3 over 9 blocks".
std::string PatchText(const PatchPlan& patch);

// "" for at most one memory, else " in pieces of 512.0 kB, 288.0 kB".
std::string RegionsText(const std::vector<int64_t>& regions);

// "yes", or what is missing: "no: SRAM 12.5 kB over".
std::string FitText(const Analysis& analysis);

}  // namespace boardloop
