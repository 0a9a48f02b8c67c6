// What the rows of a search say to its report.
#pragma once

#include "absl/status/statusor.h"
#include "server/report/report.h"
#include "server/search/search_context.h"

namespace boardloop {

struct WinnerOutputs {
  v1::SpecializeOutput specialized;
  v1::MeasureOutput measured;                  // Of the image.
  std::map<std::string, std::string> members;  // Who did it: "worker", "agent", "board".
};

// INTERNAL  the search has no winner, or its rows lack what made it one
absl::StatusOr<WinnerOutputs> ReadWinner(const SearchContext& context, const SearchView& view);

absl::StatusOr<SearchReport> MakeReport(const SearchContext& context, const SearchView& view,
                                        const WinnerOutputs& winner);

}  // namespace boardloop
