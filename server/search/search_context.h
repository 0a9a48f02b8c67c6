// What the stages of a search work with: the store, the tasks, the files, and what a search's rows say.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/checkpoint.pb.h"
#include "core/base/clock.h"
#include "core/board/board_type.h"
#include "core/plan/plan.h"
#include "server/artifacts/artifact_files.h"
#include "server/scheduler/scheduler.h"
#include "server/search/evolution.h"
#include "server/search/search_observer.h"
#include "server/store/store.h"

namespace boardloop {

// Nothing is owned.
struct SearchContext {
  Store& store;
  Scheduler& scheduler;
  ArtifactFiles& artifacts;
  const Clock& clock;
  int threads = 1;  // For space optimization.
  // Whether what is being computed is to be given up: the coordinator stops, the search was cancelled, or the caller is gone. Asked often,
  // from any thread; empty: never.
  std::function<bool()> cancelled = nullptr;
  SearchObserver* observer = nullptr;  // nullptr: nobody.
};

// Tells the observer, if there is one, once `tx` is durable.
void Tell(SearchObserver* observer, Transaction& tx, std::function<void(SearchObserver&)> what);

// A search at the moment of a step. Only the engine's thread changes its row, so what was read stays true but for a cancellation,
// which every write asks for again (UpdateSearch).
struct SearchView {
  v1::Search search;
  std::vector<v1::Candidate> candidates;  // By number.
};
absl::StatusOr<SearchView> ReadSearch(Store& store, const std::string& name);
// Brings a view up to date that was made by this (an empty one at first), for those who look often: candidates before the first that was
// PENDING are final and are not read again. Operators of measurements are left out.
absl::Status RefreshSearch(Store& store, const std::string& name, SearchView& view);

// Runs `change` on the row of a search that is still RUNNING, and stores it with a new etag. A search that has ended meanwhile is left as
// it is: CANCELLED.
absl::Status UpdateSearch(
    const SearchContext& context, const std::string& name,
    const std::function<absl::Status(Transaction& tx, v1::Search& search)>& change);
// Within a transaction: stores a changed row with a new etag.
absl::Status PutSearch(Transaction& tx, const Clock& clock, v1::Search& search);

// ---- Ends of a search.
absl::Status EndSearch(const SearchContext& context, const std::string& name,
                       v1::Search::State state, const std::string& message);

// ---- What follows from a row.
absl::StatusOr<BoardType> BoardTypeOf(const v1::SearchSpec& spec);
// Limits with those of the board type filled in.
v1::Limits EffectiveLimits(const v1::SearchSpec& spec, const BoardType& type);
// How networks of a search are planned: the agents plan the same way.
PlanOptions PlanOptionsOf(const v1::SearchSpec& spec, const v1::Limits& limits,
                          const BoardType& type);

// The family of the trained super-network, classes and channels filled in, and its classes, from the checkpoint.
// INVALID_ARGUMENT  it is not whole (ParseWholeCheckpoint), or of one network alone
absl::StatusOr<v1::CheckpointHeader> SupernetOf(const SearchContext& context,
                                                const std::string& artifact);
absl::StatusOr<EvolutionProblem> ProblemOf(const v1::Search& search,
                                           const v1::SupernetSpec& networks, const BoardType& type);

// ---- Candidates and individuals.
Individual ToIndividual(const v1::Search& search, const v1::Candidate& candidate);
std::vector<Individual> ToIndividuals(const v1::Search& search,
                                      const std::vector<v1::Candidate>& candidates);

}  // namespace boardloop
