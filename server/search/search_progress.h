// How far a search is, counted from its rows.
#pragma once

#include "absl/status/statusor.h"
#include "server/scheduler/scheduler.h"
#include "server/search/search_context.h"
#include "server/store/store.h"

namespace boardloop {

absl::StatusOr<v1::SearchProgress> ProgressOf(Store& store, const Scheduler& scheduler,
                                              const v1::Search& search);
// Of a search that has been read.
absl::StatusOr<v1::SearchProgress> ProgressOf(Store& store, const Scheduler& scheduler,
                                              const SearchView& view);

}  // namespace boardloop
