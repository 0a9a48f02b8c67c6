#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/search/candidate_rules.h"
#include "server/search/candidate_tasks.h"
#include "server/search/latency_samples.h"
#include "server/search/measurement_cache.h"
#include "server/search/names.h"
#include "server/search/selection.h"
#include "server/search/stages.h"

namespace boardloop {
namespace {

bool SkipsBoards(const v1::Search& search) {
  return search.spec().measure() == v1::MEASURE_POLICY_CONFIDENT_SKIP;
}

int32_t LastGeneration(const SearchView& view) {
  return view.candidates.empty() ? -1 : view.candidates.back().generation();
}

// What the stage needs of the search beside its rows.
struct Setting {
  v1::SupernetSpec networks;
  PlanOptions plan;
  EvolutionProblem problem;
};

absl::StatusOr<Setting> SettingOf(const SearchContext& context, const v1::Search& search) {
  Setting setting;
  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
  BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header, SupernetOf(context, search.supernet()));
  setting.networks = header.supernet();
  setting.plan = PlanOptionsOf(search.spec(), search.limits(), type);
  BL_ASSIGN_OR_RETURN(setting.problem, ProblemOf(search, setting.networks, type));
  return setting;
}

absl::StatusOr<std::vector<StepWork>> WorkOf(const Setting& setting, const std::string& text) {
  return WorkOfSubnet(setting.networks.space(), setting.plan, text);
}

// From what boards measured in generations before `generation`; nullopt while there is nothing.
absl::StatusOr<std::optional<LatencyPredictor>> FitPredictor(const Setting& setting,
                                                             const SearchView& view,
                                                             int32_t generation) {
  BL_ASSIGN_OR_RETURN(
      const std::vector<LatencySample> samples,
      LatencySamples(setting.networks.space(), setting.plan, view.candidates, generation));
  if (samples.empty()) return std::nullopt;
  BL_ASSIGN_OR_RETURN(LatencyPredictor predictor, LatencyPredictor::Fit(samples));
  return predictor;
}

// What is known of the predictor, for those who ask which board types can be predicted. An error on unseen networks needs two of them.
absl::Status KeepPredictor(Transaction& tx, const v1::Search& search,
                           const std::optional<LatencyPredictor>& predictor, absl::Time now) {
  if (!predictor.has_value() || !std::isfinite(predictor->error().mape)) return absl::OkStatus();
  store::Predictor row;
  row.set_board_type(search.spec().board_type());
  row.set_search(search.name());
  row.set_measurements(predictor->error().networks);
  row.set_error_percent(100 * predictor->error().mape);
  row.set_time_ms(absl::ToUnixMillis(now));
  return tx.PutPredictor(row);
}

v1::Candidate ToCandidate(const std::string& search, int64_t number, int32_t generation,
                          const Child& child) {
  v1::Candidate candidate;
  candidate.set_name(CandidateName(search, number));
  candidate.set_subnet(CanonicalText(child.subnet));
  candidate.set_generation(generation);
  candidate.set_origin(child.origin);
  for (const int64_t parent : child.parents) candidate.add_parents(CandidateName(search, parent));
  candidate.set_state(v1::Candidate::PENDING);
  candidate.set_macs(child.facts.macs);
  candidate.set_params(child.facts.params);
  candidate.set_planned_sram_bytes(child.facts.sram_bytes);
  candidate.set_flash_bytes(child.facts.flash_bytes);
  candidate.set_graph_digest(child.facts.graph_digest);
  candidate.set_plan_digest(child.facts.plan_digest);
  return candidate;
}

absl::Status AddCandidate(const SearchContext& context, Transaction& tx, const v1::Search& search,
                          v1::Candidate candidate, const std::string& build_digest) {
  BL_RETURN_IF_ERROR(context.scheduler.AddTask(tx, ScoreTaskOf(search, candidate)).status());
  BL_ASSIGN_OR_RETURN(const std::optional<v1::Measurement> found,
                      FindMeasurement(tx, candidate, build_digest));
  if (found.has_value()) {
    ApplyMeasurement(candidate, *found);
    candidate.set_from_cache(true);
    Tell(context.observer, tx, [candidate](SearchObserver& o) { o.CandidateMeasured(candidate); });
  } else if (!SkipsBoards(search)) {
    BL_RETURN_IF_ERROR(context.scheduler.AddTask(tx, MeasureTaskOf(search, candidate)).status());
  }
  return tx.PutCandidate(candidate);
}

absl::Status OpenGeneration(const SearchContext& context, const SearchView& view,
                            const Setting& setting, int32_t number, const Generation& generation) {
  const std::string& name = view.search.name();
  BL_ASSIGN_OR_RETURN(const std::optional<LatencyPredictor> predictor,
                      FitPredictor(setting, view, number));
  std::vector<v1::Candidate> candidates;
  for (const Child& child : generation.children) {
    const auto next = static_cast<int64_t>(view.candidates.size() + candidates.size() + 1);
    candidates.push_back(ToCandidate(name, next, number, child));
    if (!predictor.has_value()) continue;
    BL_ASSIGN_OR_RETURN(const std::vector<StepWork> work,
                        WorkOf(setting, candidates.back().subnet()));
    candidates.back().set_predicted_latency_ms(predictor->Predict(work).latency_ms);
  }
  return UpdateSearch(context, name, [&](Transaction& tx, v1::Search& row) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::string build_digest,
                        CommonBuildDigest(tx, row.spec().board_type()));
    for (const v1::Candidate& candidate : candidates) {
      BL_RETURN_IF_ERROR(AddCandidate(context, tx, row, candidate, build_digest));
    }
    BL_RETURN_IF_ERROR(KeepPredictor(tx, row, predictor, context.clock.Now()));
    return AddEvent(tx, context.clock.Now(), name, "GENERATION_BEGAN",
                    absl::StrCat("generation ", number, ": ", candidates.size(), " candidates",
                                 generation.shortfall.empty() ? "" : "; ", generation.shortfall));
  });
}

// Which of the scored candidates boards measure (MEASURE_POLICY_CONFIDENT_SKIP); the others count with their prediction.
absl::Status DecideMeasurements(const SearchContext& context, const SearchView& view,
                                const Setting& setting) {
  const int32_t generation = LastGeneration(view);
  BL_ASSIGN_OR_RETURN(const std::optional<LatencyPredictor> predictor,
                      FitPredictor(setting, view, generation));
  SearchView closed = view;
  closed.candidates.erase(std::remove_if(closed.candidates.begin(), closed.candidates.end(),
                                         [&](const v1::Candidate& candidate) {
                                           return candidate.generation() >= generation;
                                         }),
                          closed.candidates.end());
  const std::vector<Individual> others = ToIndividuals(view.search, closed.candidates);
  MeasureQuestion question;
  question.objective = view.search.spec().objective();
  question.limits = view.search.limits();
  question.parents = static_cast<size_t>(view.search.spec().evolution().parents());
  question.finalists = static_cast<size_t>(view.search.spec().specialization().finalists());

  std::vector<v1::Candidate> measured, skipped;
  for (const v1::Candidate& candidate : view.candidates) {
    if (candidate.state() != v1::Candidate::PENDING) continue;
    bool measure = true;
    if (predictor.has_value()) {
      BL_ASSIGN_OR_RETURN(const std::vector<StepWork> work, WorkOf(setting, candidate.subnet()));
      measure = ShouldMeasure(question, ToIndividual(view.search, candidate),
                              predictor->Predict(work), others)
                    .measure;
    }
    (measure ? measured : skipped).push_back(candidate);
  }
  return UpdateSearch(
      context, view.search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
        for (const v1::Candidate& candidate : measured) {
          BL_RETURN_IF_ERROR(context.scheduler.AddTask(tx, MeasureTaskOf(row, candidate)).status());
        }
        for (v1::Candidate& candidate : skipped) {
          Resolve(candidate, row.limits());
          BL_RETURN_IF_ERROR(tx.PutCandidate(candidate));
        }
        return absl::OkStatus();
      });
}

std::string LatencyLimitText(const v1::Limits& limits) {
  return limits.latency_ms() > 0 ? absl::StrFormat(" (limit %g)", limits.latency_ms()) : "";
}

// Why a search without a finalist ended.
struct NoFinalist {
  v1::Search::State state = v1::Search::INFEASIBLE;
  std::string message;
};

NoFinalist WhyNoFinalist(const v1::Limits& limits, const std::vector<v1::Candidate>& candidates,
                         const std::vector<Individual>& individuals) {
  if (candidates.empty()) return {v1::Search::INFEASIBLE, "no candidate at all could be drawn"};
  const auto scored = [](const v1::Candidate& c) { return c.has_top1(); };
  const auto answered = [](const v1::Candidate& c) { return c.state() != v1::Candidate::FAILED; };
  const auto failed = std::find_if_not(candidates.begin(), candidates.end(), answered);
  // Limits are not to blame where nothing was held against them.
  if (failed != candidates.end() &&
      (std::none_of(candidates.begin(), candidates.end(), scored) ||
       std::none_of(candidates.begin(), candidates.end(), answered))) {
    return {v1::Search::FAILED,
            absl::StrFormat("none of %d candidates could be judged; %s: %s", candidates.size(),
                            failed->name(), failed->reason())};
  }
  size_t closest = candidates.size();
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!answered(candidates[i])) continue;
    if (closest == candidates.size() || individuals[i].violation < individuals[closest].violation) {
      closest = i;
    }
  }
  const v1::Candidate& candidate = candidates[closest];
  const std::optional<double>& latency = individuals[closest].latency_ms;
  return {v1::Search::INFEASIBLE,
          absl::StrFormat(
              "none of %d candidates meets the limits; the closest, %s (%s), takes %s and %d B of "
              "SRAM (limit %d): %s",
              candidates.size(), candidate.name(), candidate.subnet(),
              latency.has_value() ? absl::StrFormat("%.4g ms%s", *latency, LatencyLimitText(limits))
                                  : "an unknown time",
              candidate.planned_sram_bytes(), limits.sram_bytes(), candidate.reason())};
}

absl::Status ChooseFinalists(const SearchContext& context, const SearchView& view,
                             const Setting& setting) {
  const v1::Search& search = view.search;
  const std::vector<Individual> individuals = ToIndividuals(search, view.candidates);
  const std::vector<Individual> finalists =
      Finalists(search.spec().objective(), individuals,
                static_cast<size_t>(search.spec().specialization().finalists()));
  if (finalists.empty()) {
    const NoFinalist why = WhyNoFinalist(search.limits(), view.candidates, individuals);
    return EndSearch(context, search.name(), why.state, why.message);
  }
  BL_ASSIGN_OR_RETURN(const std::optional<LatencyPredictor> predictor,
                      FitPredictor(setting, view, LastGeneration(view) + 1));
  return UpdateSearch(
      context, search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
        BL_RETURN_IF_ERROR(KeepPredictor(tx, row, predictor, context.clock.Now()));
        std::string names;
        for (const Individual& finalist : finalists) {
          const v1::Candidate& candidate =
              view.candidates[static_cast<size_t>(finalist.number - 1)];
          absl::StrAppend(&names, names.empty() ? "" : ", ", candidate.name());
          BL_RETURN_IF_ERROR(
              context.scheduler.AddTask(tx, SpecializeTaskOf(row, candidate)).status());
        }
        row.set_stage(v1::Search::SPECIALIZATION);
        return AddEvent(tx, context.clock.Now(), row.name(), "STAGE_BEGAN",
                        absl::StrCat("specialization of ", names));
      });
}

}  // namespace

absl::Status EvolutionStage(const SearchContext& context, const SearchView& view) {
  const v1::Search& search = view.search;
  const absl::StatusOr<Setting> found = SettingOf(context, search);
  if (absl::IsInvalidArgument(found.status())) {
    return EndSearch(context, search.name(), v1::Search::FAILED,
                     absl::StrCat("the super-network: ", std::string(found.status().message())));
  }
  BL_RETURN_IF_ERROR(found.status());
  const Setting& setting = *found;
  const bool pending =
      std::any_of(view.candidates.begin(), view.candidates.end(),
                  [](const v1::Candidate& c) { return c.state() == v1::Candidate::PENDING; });
  if (pending) return DecideMeasurements(context, view, setting);
  const int32_t next = LastGeneration(view) + 1;
  if (next > search.spec().evolution().generations())
    return ChooseFinalists(context, view, setting);
  const absl::StatusOr<Generation> generation =
      next == 0 ? FirstGeneration(setting.problem)
                : NextGeneration(setting.problem, next, ToIndividuals(search, view.candidates));
  if (next == 0 && absl::IsResourceExhausted(generation.status())) {
    return EndSearch(context, search.name(), v1::Search::INFEASIBLE,
                     std::string(generation.status().message()));
  }
  if (!generation.ok()) return generation.status();
  if (generation->children.empty()) return ChooseFinalists(context, view, setting);
  return OpenGeneration(context, view, setting, next, *generation);
}

}  // namespace boardloop
