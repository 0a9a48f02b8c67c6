#include "server/search/search_progress.h"

#include <algorithm>

#include "core/base/status.h"
#include "server/search/finalist_tasks.h"

namespace boardloop {
namespace {

void CountCandidates(const SearchView& view, v1::SearchProgress& progress) {
  std::vector<Individual> feasible;
  int64_t in_generation = 0, answered = 0;
  for (const v1::Candidate& candidate : view.candidates) {
    progress.set_candidates(progress.candidates() + 1);
    progress.set_generation(std::max(progress.generation(), candidate.generation()));
    if (candidate.has_top1()) progress.set_candidates_scored(progress.candidates_scored() + 1);
    if (candidate.has_measurement()) {
      progress.set_candidates_measured(progress.candidates_measured() + 1);
    }
    if (candidate.from_cache()) progress.set_candidates_cached(progress.candidates_cached() + 1);
    if (candidate.state() == v1::Candidate::INFEASIBLE) {
      progress.set_candidates_infeasible(progress.candidates_infeasible() + 1);
    }
    if (candidate.state() == v1::Candidate::FAILED) {
      progress.set_candidates_failed(progress.candidates_failed() + 1);
    }
    if (candidate.state() == v1::Candidate::FEASIBLE) {
      feasible.push_back(ToIndividual(view.search, candidate));
    }
  }
  for (const v1::Candidate& candidate : view.candidates) {
    if (candidate.generation() != progress.generation()) continue;
    ++in_generation;
    if (candidate.state() != v1::Candidate::PENDING) ++answered;
  }
  const int32_t generations = view.search.spec().evolution().generations() + 1;
  progress.set_generations(generations);
  if (in_generation > 0) {
    progress.set_stage_fraction((progress.generation() + static_cast<double>(answered) /
                                                             static_cast<double>(in_generation)) /
                                generations);
  }
  const auto best = std::min_element(feasible.begin(), feasible.end(), MoreAccurate);
  if (best == feasible.end()) return;
  const v1::Candidate& candidate = view.candidates[static_cast<size_t>(best->number - 1)];
  progress.set_best(candidate.name());
  progress.set_best_top1(candidate.top1());
  progress.set_best_latency_ms(best->latency_ms.value_or(0));
}

void AddTaskProgress(const v1::TaskProgress& task, v1::SearchProgress& progress) {
  progress.set_train_step(task.step());
  progress.set_train_steps(task.steps());
  progress.set_train_seconds_left(task.seconds_left());
  progress.set_train_top1_largest(task.top1_largest());
  progress.set_train_top1_smallest(task.top1_smallest());
  progress.set_stage_fraction(task.fraction());
}

// A verification takes about so much of what a specialization takes.
constexpr double kVerificationShare = 0.1;

bool HasEnded(const store::Task& task) {
  return task.state() != store::Task::QUEUED && task.state() != store::Task::RUNNING;
}

// Of all that are specialized and verified, one after the other.
absl::StatusOr<double> SpecializationFraction(Store& store, const Scheduler& scheduler,
                                              const std::string& search) {
  BL_ASSIGN_OR_RETURN(const FinalistTasks tasks, ReadFinalistTasks(store, search));
  double done = 0;
  for (const store::Task& task : tasks.specializations) {
    done += HasEnded(task) ? 1 : scheduler.ProgressOf(task.id()).fraction();
  }
  done +=
      kVerificationShare * static_cast<double>(std::count_if(tasks.verifications.begin(),
                                                             tasks.verifications.end(), HasEnded));
  const auto count = static_cast<double>(tasks.specializations.size());
  return count > 0 ? done / (count * (1 + kVerificationShare)) : 0;
}

}  // namespace

absl::StatusOr<v1::SearchProgress> ProgressOf(Store& store, const Scheduler& scheduler,
                                              const v1::Search& search) {
  BL_ASSIGN_OR_RETURN(SearchView view, ReadSearch(store, search.name()));
  view.search = search;
  return ProgressOf(store, scheduler, view);
}

absl::StatusOr<v1::SearchProgress> ProgressOf(Store& store, const Scheduler& scheduler,
                                              const SearchView& view) {
  const v1::Search& search = view.search;
  v1::SearchProgress progress;
  CountCandidates(view, progress);
  if (search.stage() != v1::Search::SUPERNET && search.stage() != v1::Search::SPECIALIZATION) {
    return progress;
  }
  progress.set_stage_fraction(0);
  const absl::Status read = store.Read([&](Transaction& tx) -> absl::Status {
    for (const store::Task::Kind kind : {store::Task::TRAIN, store::Task::SPECIALIZE}) {
      TaskQuery query;
      query.owner = search.name();
      query.kind = kind;
      query.state = store::Task::RUNNING;
      query.limit = 1;
      BL_ASSIGN_OR_RETURN(const std::vector<store::Task> tasks, tx.ListTasks(query));
      for (const store::Task& task : tasks) {
        AddTaskProgress(scheduler.ProgressOf(task.id()), progress);
      }
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  if (search.stage() == v1::Search::SPECIALIZATION) {
    BL_ASSIGN_OR_RETURN(const double fraction,
                        SpecializationFraction(store, scheduler, search.name()));
    progress.set_stage_fraction(fraction);
  }
  return progress;
}

}  // namespace boardloop
