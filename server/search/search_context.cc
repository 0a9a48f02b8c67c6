#include "server/search/search_context.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"
#include "core/data/checkpoint_header.h"
#include "core/space/network_limits.h"
#include "server/search/names.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr int32_t kCandidatesAtOnce = 1000;

absl::Status NoSearch(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no ", name));
}

// Adds the candidates after those that are there.
absl::Status ReadCandidates(Transaction& tx, const std::string& name, SearchView& view) {
  Page page;
  page.limit = kCandidatesAtOnce;
  page.after = static_cast<int64_t>(view.candidates.size());
  while (true) {
    BL_ASSIGN_OR_RETURN(std::vector<Listed<v1::Candidate>> rows,
                        tx.ListCandidates(name, std::nullopt, page));
    if (rows.empty()) return absl::OkStatus();
    page.after = rows.back().position;
    for (Listed<v1::Candidate>& row : rows) view.candidates.push_back(std::move(row.row));
  }
}

absl::Status ReadInto(Store& store, const std::string& name, SearchView& view) {
  return store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(name));
    if (!search.has_value()) return NoSearch(name);
    view.search = *std::move(search);
    return ReadCandidates(tx, name, view);
  });
}

}  // namespace

void Tell(SearchObserver* observer, Transaction& tx, std::function<void(SearchObserver&)> what) {
  if (observer == nullptr) return;
  tx.AfterCommit([observer, what = std::move(what)] { what(*observer); });
}

absl::StatusOr<SearchView> ReadSearch(Store& store, const std::string& name) {
  SearchView view;
  BL_RETURN_IF_ERROR(ReadInto(store, name, view));
  return view;
}

absl::Status RefreshSearch(Store& store, const std::string& name, SearchView& view) {
  const auto pending =
      std::find_if(view.candidates.begin(), view.candidates.end(),
                   [](const v1::Candidate& c) { return c.state() == v1::Candidate::PENDING; });
  view.candidates.erase(pending, view.candidates.end());
  const size_t known = view.candidates.size();
  BL_RETURN_IF_ERROR(ReadInto(store, name, view));
  for (size_t i = known; i < view.candidates.size(); ++i) {
    if (view.candidates[i].has_measurement()) {
      view.candidates[i].mutable_measurement()->clear_operators();
    }
  }
  return absl::OkStatus();
}

absl::Status PutSearch(Transaction& tx, const Clock& clock, v1::Search& search) {
  int64_t etag = 0;
  if (!absl::SimpleAtoi(search.etag(), &etag)) etag = 0;
  search.set_etag(absl::StrCat(etag + 1));
  *search.mutable_update_time() = ToTimestamp(clock.Now());
  return tx.PutSearch(search);
}

absl::Status UpdateSearch(
    const SearchContext& context, const std::string& name,
    const std::function<absl::Status(Transaction& tx, v1::Search& search)>& change) {
  return context.store.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(name));
    if (!search.has_value()) return NoSearch(name);
    if (search->state() != v1::Search::RUNNING) {
      return absl::CancelledError(
          absl::StrCat(name, " is ", v1::Search::State_Name(search->state())));
    }
    BL_RETURN_IF_ERROR(change(tx, *search));
    if (search->state() != v1::Search::RUNNING) {
      Tell(context.observer, tx,
           [state = search->state()](SearchObserver& o) { o.SearchEnded(state); });
    }
    return PutSearch(tx, context.clock, *search);
  });
}

absl::Status EndSearch(const SearchContext& context, const std::string& name,
                       v1::Search::State state, const std::string& message) {
  return UpdateSearch(context, name, [&](Transaction& tx, v1::Search& search) -> absl::Status {
    search.set_state(state);
    search.set_message(message);
    search.set_stage(v1::Search::DONE);
    *search.mutable_end_time() = ToTimestamp(context.clock.Now());
    BL_RETURN_IF_ERROR(context.scheduler.CancelTasks(tx, name));
    return AddEvent(tx, context.clock.Now(), name,
                    absl::StrCat("SEARCH_", v1::Search::State_Name(state)), message);
  });
}

absl::StatusOr<BoardType> BoardTypeOf(const v1::SearchSpec& spec) {
  return LoadBoardType(spec.board_type());
}

v1::Limits EffectiveLimits(const v1::SearchSpec& spec, const BoardType& type) {
  const SpaceLimits board = NetworkLimits(type);
  v1::Limits limits = spec.limits();
  // More than the board has is no limit, and would only read wrong.
  limits.set_sram_bytes(limits.sram_bytes() > 0 ? std::min(limits.sram_bytes(), board.sram_bytes)
                                                : board.sram_bytes);
  limits.set_flash_bytes(limits.flash_bytes() > 0
                             ? std::min(limits.flash_bytes(), board.flash_bytes)
                             : board.flash_bytes);
  return limits;
}

PlanOptions PlanOptionsOf(const v1::SearchSpec& spec, const v1::Limits& limits,
                          const BoardType& type) {
  PlanOptions options;
  options.patch = spec.patches();
  options.sram_limit = limits.sram_bytes();
  options.regions = type.ArenaRegions();
  return options;
}

absl::StatusOr<v1::CheckpointHeader> SupernetOf(const SearchContext& context,
                                                const std::string& artifact) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(artifact));
  BL_ASSIGN_OR_RETURN(const std::string bytes, context.artifacts.ReadAll(sha256));
  BL_ASSIGN_OR_RETURN(v1::CheckpointHeader header, ParseWholeCheckpoint(bytes, artifact));
  if (!header.subnet().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(artifact, " is the checkpoint of one network, ",
                                                   header.subnet(),
                                                   ": a search needs that of a super-network"));
  }
  return header;
}

absl::StatusOr<EvolutionProblem> ProblemOf(const v1::Search& search,
                                           const v1::SupernetSpec& networks,
                                           const BoardType& type) {
  EvolutionProblem problem;
  problem.networks = networks;
  problem.evolution = search.spec().evolution();
  problem.objective = search.spec().objective();
  problem.limits = search.limits();
  problem.seed = search.spec().seed();
  problem.facts = PlannedFacts(networks, PlanOptionsOf(search.spec(), search.limits(), type));
  return problem;
}

Individual ToIndividual(const v1::Search& search, const v1::Candidate& candidate) {
  Individual individual;
  individual.number = CandidateNumber(candidate.name());
  // Written by us: a text that does not parse is a row of another program.
  const absl::StatusOr<Subnet> subnet = ParseCanonicalText(candidate.subnet());
  if (subnet.ok()) individual.subnet = *subnet;
  if (candidate.has_top1()) individual.top1 = candidate.top1();
  if (candidate.has_latency_ms()) {
    individual.latency_ms = candidate.latency_ms();
  } else if (candidate.has_predicted_latency_ms()) {
    individual.latency_ms = candidate.predicted_latency_ms();
  }
  individual.sram_bytes = candidate.planned_sram_bytes();
  individual.feasible = candidate.state() == v1::Candidate::FEASIBLE;
  if (!individual.feasible) {
    const double violation =
        LimitViolation(search.limits(), individual.sram_bytes, individual.latency_ms);
    individual.violation = violation > 0 ? violation : kDidNotRun;
  }
  return individual;
}

std::vector<Individual> ToIndividuals(const v1::Search& search,
                                      const std::vector<v1::Candidate>& candidates) {
  std::vector<Individual> individuals;
  individuals.reserve(candidates.size());
  for (const v1::Candidate& candidate : candidates) {
    individuals.push_back(ToIndividual(search, candidate));
  }
  return individuals;
}

}  // namespace boardloop
