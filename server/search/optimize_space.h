// Space optimization for a spec: which width multiplier and resolution, or why none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"
#include "core/board/board_type.h"
#include "core/space/space.h"
#include "server/search/search_context.h"

namespace boardloop {

struct SpaceChoice {
  std::vector<v1::SpaceResult> results;  // In the order of the grid.
  std::optional<v1::SpaceResult> best;   // Rank 1; absent when no pair is ranked.
  std::string why_none;                  // Then: the closest miss, with what it needs.
};

// The space that `spec` asks for: its own, with the widths and resolutions that it restricts it to, and the data set's channels.
//
// INVALID_ARGUMENT  a width multiplier or resolution that is not of the space's grid
absl::StatusOr<Space> SearchedSpace(const v1::SearchSpec& spec);

// A function of `spec` and `type`. `spec` is complete (WithDefaults) and checked.
//
// context    its threads, and when to give up
// INVALID_ARGUMENT  a width multiplier or resolution that is not of the space's grid
// CANCELLED         the context said so
absl::StatusOr<SpaceChoice> ChooseSpace(const SearchContext& context, const v1::SearchSpec& spec,
                                        const BoardType& type,
                                        const std::function<void(double fraction)>& progress);

}  // namespace boardloop
