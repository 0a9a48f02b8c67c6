#include "server/search/optimize_space.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/space/space_optimization.h"

namespace boardloop {
namespace {

constexpr int kQuantiles = 20;

// Keeps the values of `grid` that were asked for.
template <typename Value>
absl::Status Restrict(const google::protobuf::RepeatedField<Value>& asked, const char* field,
                      google::protobuf::RepeatedField<Value>& grid) {
  if (asked.empty()) return absl::OkStatus();
  for (const Value value : asked) {
    if (std::find(grid.begin(), grid.end(), value) == grid.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("space_optimization.%s has %g, the space's grid has %s", field,
                          static_cast<double>(value), absl::StrJoin(grid, ", ")));
    }
  }
  grid = asked;
  std::sort(grid.begin(), grid.end());
  return absl::OkStatus();
}

v1::SpaceResult ToResult(const SpaceStatistics& statistics) {
  v1::SpaceResult result;
  result.set_width_mult(statistics.width_mult);
  result.set_resolution(statistics.resolution);
  result.set_sampled(statistics.sampled);
  result.set_survivors(statistics.survivors);
  result.set_mean_macs(statistics.mean_macs);
  result.set_mean_macs_ci95(statistics.mean_macs_ci95);
  result.set_rank(statistics.rank);
  const auto last = static_cast<int64_t>(statistics.macs.size()) - 1;
  for (int64_t i = 0; last >= 0 && i <= kQuantiles; ++i) {
    result.add_macs_quantiles(statistics.macs[static_cast<size_t>(i * last / kQuantiles)]);
  }
  return result;
}

std::string WhyNone(const SpaceOptimizationResult& result, const SpaceLimits& limits,
                    double min_survival_rate) {
  if (!result.closest_miss.has_value()) {
    return absl::StrFormat(
        "of no width multiplier and resolution do %g %% of the networks fit: a lower "
        "space_optimization.min_survival_rate takes rarer ones",
        100 * min_survival_rate);
  }
  const ClosestMiss& miss = *result.closest_miss;
  return absl::StrFormat(
      "no network of the space fits: the closest, %s, needs %d B of SRAM (limit %d) and %d B of "
      "flash (limit %d)",
      CanonicalText(miss.subnet), miss.sram_bytes, limits.sram_bytes, miss.flash_bytes,
      limits.flash_bytes);
}

}  // namespace

absl::StatusOr<Space> SearchedSpace(const v1::SearchSpec& spec) {
  Space space = spec.space();
  BL_RETURN_IF_ERROR(Restrict(spec.space_optimization().width_mults(), "width_mults",
                              *space.mutable_width_mults()));
  BL_RETURN_IF_ERROR(Restrict(spec.space_optimization().resolutions(), "resolutions",
                              *space.mutable_resolutions()));
  if (spec.dataset().channels() > 0) space.set_input_channels(spec.dataset().channels());
  return space;
}

absl::StatusOr<SpaceChoice> ChooseSpace(const SearchContext& context, const v1::SearchSpec& spec,
                                        const BoardType& type,
                                        const std::function<void(double fraction)>& progress) {
  BL_ASSIGN_OR_RETURN(const Space space, SearchedSpace(spec));
  const v1::Limits effective = EffectiveLimits(spec, type);
  const SpaceLimits limits{effective.sram_bytes(), effective.flash_bytes()};
  SpaceOptimizationOptions options;
  options.samples = spec.space_optimization().samples();
  options.min_survival_rate = spec.space_optimization().min_survival_rate();
  options.seed = spec.seed();
  options.threads = context.threads;
  options.cancelled = context.cancelled;
  options.plan = PlanOptionsOf(spec, effective, type);
  options.progress = [&](int64_t done, int64_t total) {
    progress(static_cast<double>(done) / static_cast<double>(total));
  };
  BL_ASSIGN_OR_RETURN(const SpaceOptimizationResult result, OptimizeSpace(space, limits, options));
  SpaceChoice choice;
  for (const SpaceStatistics& statistics : result.spaces) {
    choice.results.push_back(ToResult(statistics));
    if (statistics.rank == 1) choice.best = choice.results.back();
  }
  if (!choice.best.has_value()) {
    choice.why_none = WhyNone(result, limits, options.min_survival_rate);
  }
  return choice;
}

}  // namespace boardloop
