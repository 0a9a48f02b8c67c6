#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/space/network_limits.h"
#include "server/search/optimize_space.h"
#include "server/search/stages.h"

namespace boardloop {
namespace {

absl::Status BeginSupernet(const SearchContext& context, Transaction& tx, v1::Search& search,
                           const std::string& text) {
  search.set_stage(v1::Search::SUPERNET);
  return AddEvent(tx, context.clock.Now(), search.name(), "STAGE_BEGAN", text);
}

// The super-network that a user brought says which pair it is.
absl::Status TakePairOfSupernet(const SearchContext& context, const v1::Search& search) {
  BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header,
                      SupernetOf(context, search.spec().supernet_artifact()));
  return UpdateSearch(
      context, search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
        row.set_width_mult(header.supernet().width_mult());
        row.set_resolution(header.supernet().resolution());
        return BeginSupernet(context, tx, row,
                             absl::StrCat("super-network ", search.spec().supernet_artifact()));
      });
}

}  // namespace

absl::Status OptimizeSpaceStage(const SearchContext& context, const SearchView& view,
                                const std::function<void(double fraction)>& progress) {
  const v1::Search& search = view.search;
  if (!search.spec().supernet_artifact().empty()) return TakePairOfSupernet(context, search);
  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
  BL_ASSIGN_OR_RETURN(const SpaceChoice choice,
                      ChooseSpace(context, search.spec(), type, progress));
  if (!choice.best.has_value()) {
    return EndSearch(context, search.name(), v1::Search::INFEASIBLE, choice.why_none);
  }
  return UpdateSearch(
      context, search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
        *row.mutable_spaces() = {choice.results.begin(), choice.results.end()};
        row.set_width_mult(choice.best->width_mult());
        row.set_resolution(choice.best->resolution());
        return BeginSupernet(
            context, tx, row,
            absl::StrFormat("width %g at %d pixels was chosen of %d pairs", row.width_mult(),
                            row.resolution(), choice.results.size()));
      });
}

}  // namespace boardloop
