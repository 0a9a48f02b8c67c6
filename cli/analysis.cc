#include "cli/analysis.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/options.h"
#include "cli/size.h"
#include "core/base/status.h"
#include "core/plan/flash_use.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using Json = nlohmann::ordered_json;

Json StepsToJson(const Plan& plan) {
  Json steps = Json::array();
  for (const Step& step : plan.steps) {
    steps.push_back({{"name", step.name},
                     {"in_patch", step.in_patch},
                     {"live_bytes", step.live_bytes},
                     {"scratch_bytes", step.scratch_bytes}});
  }
  return steps;
}

bool HasLimit(const AnalysisOptions& options) {
  return options.plan.sram_limit.has_value() || options.flash_limit.has_value();
}

}  // namespace

int64_t Analysis::planned_macs() const { return plan.patch.grid > 1 ? plan.patch.macs : size.macs; }

double Analysis::extra_macs() const {
  if (size.macs == 0) return 0;
  return static_cast<double>(planned_macs()) / static_cast<double>(size.macs) - 1;
}

absl::StatusOr<Analysis> Analyze(const Graph& graph, const AnalysisOptions& options) {
  Analysis analysis;
  analysis.name = graph.name;
  analysis.options = options;
  analysis.size = Measure(graph);
  analysis.rules = CountByRules(graph);
  BL_ASSIGN_OR_RETURN(analysis.plan, PlanGraph(graph, options.plan));
  analysis.flash_bytes = FlashAtMost(graph, analysis.plan);
  PlanOptions without_patches = options.plan;
  without_patches.patch = false;
  BL_ASSIGN_OR_RETURN(analysis.layer_by_layer, PlanGraph(graph, without_patches));
  return analysis;
}

nlohmann::ordered_json ToJson(const Analysis& analysis) {
  const Plan& plan = analysis.plan;
  Json json = {
      {"name", analysis.name},
      {"macs", analysis.size.macs},
      {"params", analysis.size.params},
      {"weight_bytes", analysis.size.weight_bytes},
      {"flash_bytes", analysis.flash_bytes},
      {"arena_bytes", plan.arena_bytes},
      {"scratch_bytes", plan.scratch_bytes},
      {"peak_sram_bytes", plan.peak_sram_bytes},
      {"input", InputModeName(plan.input)},
      {"lower_bound_bytes", plan.lower_bound_bytes},
      {"patch",
       {{"grid", plan.patch.grid},
        {"blocks", plan.patch.blocks},
        {"macs", analysis.planned_macs()}}},
      {"rules",
       {{"A", analysis.rules.a},
        {"B", analysis.rules.b},
        {"C", analysis.rules.c},
        {"D", analysis.rules.d},
        {"E", analysis.rules.e}}},
      {"layer_by_layer_peak_sram_bytes", analysis.layer_by_layer.peak_sram_bytes},
      {"steps", StepsToJson(plan)},
  };
  if (analysis.options.plan.regions.size() > 1) {
    json["region_limit_bytes"] = analysis.options.plan.regions;
    json["region_bytes"] = plan.region_bytes;
  }
  if (analysis.options.plan.sram_limit) {
    json["sram_limit_bytes"] = *analysis.options.plan.sram_limit;
    json["meets_sram_limit"] = analysis.fits_sram();
  }
  if (analysis.options.flash_limit) {
    json["flash_limit_bytes"] = *analysis.options.flash_limit;
    json["meets_flash_limit"] = analysis.fits_flash();
  }
  return json;
}

Table SummaryTable(const std::vector<Analysis>& analyses) {
  const bool limited = !analyses.empty() && HasLimit(analyses.front().options);
  std::vector<Column> columns = {{"network", Align::kLeft},
                                 {"MACs"},
                                 {"params"},
                                 {"flash"},
                                 {"SRAM"},
                                 {"= arena"},
                                 {"+ scratch"},
                                 {"bound"},
                                 {"no patches"},
                                 {"patches", Align::kLeft},
                                 {"+ MACs"}};
  if (limited) columns.push_back({"fits", Align::kLeft});
  Table table(std::move(columns));
  for (const Analysis& analysis : analyses) {
    const Plan& plan = analysis.plan;
    std::vector<std::string> cells = {analysis.name,
                                      FormatCount(static_cast<double>(analysis.size.macs)),
                                      FormatCount(static_cast<double>(analysis.size.params)),
                                      FormatKb(analysis.flash_bytes),
                                      FormatKb(plan.peak_sram_bytes),
                                      FormatKb(plan.arena_bytes),
                                      FormatKb(plan.scratch_bytes),
                                      FormatKb(plan.lower_bound_bytes),
                                      FormatKb(analysis.layer_by_layer.peak_sram_bytes),
                                      PatchText(plan.patch),
                                      FormatShare(analysis.extra_macs())};
    if (limited) cells.push_back(FitText(analysis));
    table.AddRow(std::move(cells));
  }
  return table;
}

Table RulesTable(const std::vector<Analysis>& analyses) {
  Table table(
      {{"network", Align::kLeft}, {"rule A"}, {"rule B"}, {"rule C"}, {"rule D"}, {"rule E"}});
  for (const Analysis& analysis : analyses) {
    const AccountingRules& rules = analysis.rules;
    table.AddRow({analysis.name, FormatKb(rules.a), FormatKb(rules.b), FormatKb(rules.c),
                  FormatKb(rules.d), FormatKb(rules.e)});
  }
  return table;
}

Table StepTable(const Plan& plan) {
  Table table(
      {{"step"}, {"operator", Align::kLeft}, {"live"}, {"scratch"}, {"patch", Align::kLeft}});
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    table.AddRow({absl::StrFormat("%d", i), step.name, FormatKb(step.live_bytes),
                  FormatKb(step.scratch_bytes), step.in_patch ? "per tile" : ""});
  }
  return table;
}

std::string PatchText(const PatchPlan& patch) {
  if (patch.grid <= 1) return "layer by layer";
  return absl::StrFormat("%d x %d over %d blocks", patch.grid, patch.grid, patch.blocks);
}

std::string RegionsText(const std::vector<int64_t>& regions) {
  if (regions.size() < 2) return "";
  return " in pieces of " + absl::StrJoin(regions, ", ", [](std::string* out, int64_t bytes) {
           absl::StrAppend(out, FormatKb(bytes));
         });
}

std::string FitText(const Analysis& analysis) {
  std::vector<std::string> over;
  if (!analysis.fits_sram()) {
    int64_t missing = analysis.plan.peak_sram_bytes - *analysis.options.plan.sram_limit;
    over.push_back(missing > 0 ? absl::StrFormat("SRAM %s over", FormatKb(missing))
                               : "SRAM is in too small pieces");
  }
  if (!analysis.fits_flash()) {
    over.push_back(absl::StrFormat("flash %s over",
                                   FormatKb(analysis.flash_bytes - *analysis.options.flash_limit)));
  }
  return over.empty() ? "yes" : "no: " + absl::StrJoin(over, ", ");
}

}  // namespace boardloop
