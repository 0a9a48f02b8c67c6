// The stages of a search. Each looks at the rows and does what is next: adds tasks, closes a generation, or ends the stage. To be called
// when the search has no task in the queue or at work; a call with nothing to do changes nothing.
//
// Invariants:
//   (1) What a stage writes is a function of the rows that it read. After a crash it does the same again, or finds it done.
//   (2) Each stage writes in one transaction, by UpdateSearch: CANCELLED when the search has ended meanwhile.
//   (3) Errors are of the store or of this machine, never of a candidate: that is a row.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "server/search/search_context.h"

namespace boardloop {

// Ranks the space's grid for the board type, and chooses a pair.
absl::Status OptimizeSpaceStage(const SearchContext& context, const SearchView& view,
                                const std::function<void(double fraction)>& progress);

// Asks for the super-network, or takes the one that was given.
absl::Status SupernetStage(const SearchContext& context, const SearchView& view);

// Closes a generation and opens the next; at the end chooses the finalists.
absl::Status EvolutionStage(const SearchContext& context, const SearchView& view);

// Specializes the finalists, and verifies the best on a board.
absl::Status SpecializationStage(const SearchContext& context, const SearchView& view);

// Writes the report and hands everything over.
absl::Status DeliveryStage(const SearchContext& context, const SearchView& view);

}  // namespace boardloop
