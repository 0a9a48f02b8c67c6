#include "server/search/latency_samples.h"

#include <utility>

#include "core/base/status.h"
#include "core/plan/network_facts.h"

namespace boardloop {
namespace {

// As many networks say all that the predictor can learn; each is planned again.
constexpr size_t kEnoughSamples = 400;

// Names of searches for `type` that have a super-network, newest first.
absl::StatusOr<std::vector<std::string>> SearchesFor(const SearchContext& context,
                                                     const std::string& type) {
  std::vector<std::string> names;
  const absl::Status read = context.store.Read([&](Transaction& tx) -> absl::Status {
    Page page;
    while (true) {
      BL_ASSIGN_OR_RETURN(const std::vector<Listed<v1::Search>> rows,
                          tx.ListSearches(std::nullopt, page));
      if (rows.empty()) return absl::OkStatus();
      page.after = rows.back().position;
      for (const Listed<v1::Search>& row : rows) {
        const bool useful = row.row.spec().board_type() == type && !row.row.supernet().empty();
        if (useful) names.push_back(row.row.name());
      }
    }
  });
  BL_RETURN_IF_ERROR(read);
  return names;
}

}  // namespace

absl::StatusOr<std::vector<StepWork>> WorkOfSubnet(const Space& space, const PlanOptions& plan,
                                                   const std::string& text) {
  BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(text));
  BL_ASSIGN_OR_RETURN(const PlannedNetwork planned, PlanSubnet(space, subnet, plan));
  return WorkOfSteps(planned.graph, planned.plan);
}

absl::StatusOr<std::vector<LatencySample>> LatencySamples(
    const Space& space, const PlanOptions& plan, const std::vector<v1::Candidate>& candidates,
    int32_t generation) {
  std::vector<LatencySample> samples;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.generation() >= generation || !candidate.has_latency_ms()) continue;
    BL_ASSIGN_OR_RETURN(std::vector<StepWork> work, WorkOfSubnet(space, plan, candidate.subnet()));
    BL_ASSIGN_OR_RETURN(
        LatencySample sample,
        MakeLatencySample(candidate.graph_digest(), std::move(work), candidate.measurement()));
    samples.push_back(std::move(sample));
  }
  return samples;
}

absl::StatusOr<std::optional<LatencyPredictor>> PredictorOfType(const SearchContext& context,
                                                                const BoardType& type) {
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> names, SearchesFor(context, type.name));
  std::vector<LatencySample> samples;
  for (const std::string& name : names) {
    if (samples.size() >= kEnoughSamples) break;
    BL_ASSIGN_OR_RETURN(const SearchView view, ReadSearch(context.store, name));
    const absl::StatusOr<v1::CheckpointHeader> header = SupernetOf(context, view.search.supernet());
    if (!header.ok()) continue;  // Damage to one search's file must not stop the others.
    BL_ASSIGN_OR_RETURN(
        std::vector<LatencySample> more,
        LatencySamples(header->supernet().space(),
                       PlanOptionsOf(view.search.spec(), view.search.limits(), type),
                       view.candidates));
    samples.insert(samples.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  }
  if (samples.empty()) return std::nullopt;
  BL_ASSIGN_OR_RETURN(LatencyPredictor predictor, LatencyPredictor::Fit(samples));
  return predictor;
}

}  // namespace boardloop
