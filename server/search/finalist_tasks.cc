#include "server/search/finalist_tasks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/status.h"
#include "server/search/candidate_tasks.h"
#include "server/search/selection.h"

namespace boardloop {
namespace {

// How many times as long as resident it took as an image, at most.
double ImageSlowdown(const SearchView& view, const std::set<int64_t>& finalists,
                     absl::Span<const store::Task> verifications) {
  double slowdown = 1;
  for (const store::Task& task : verifications) {
    const v1::Measurement& measurement = task.result().measure().measurement();
    if (finalists.count(task.candidate()) == 0 || !measurement.has_latency_ms()) continue;
    const v1::Candidate& candidate = view.candidates[static_cast<size_t>(task.candidate() - 1)];
    if (candidate.latency_ms() <= 0) continue;
    slowdown = std::max(slowdown, measurement.latency_ms() / candidate.latency_ms());
  }
  return slowdown;
}

}  // namespace

absl::StatusOr<FinalistTasks> ReadFinalistTasks(Store& store, const std::string& search) {
  FinalistTasks tasks;
  const absl::Status read = store.Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.owner = search;
    query.kind = store::Task::SPECIALIZE;
    BL_ASSIGN_OR_RETURN(tasks.specializations, tx.ListTasks(query));
    query.kind = store::Task::MEASURE;
    BL_ASSIGN_OR_RETURN(std::vector<store::Task> measurements, tx.ListTasks(query));
    for (store::Task& task : measurements) {
      if (IsVerification(task)) tasks.verifications.push_back(std::move(task));
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return tasks;
}

std::optional<int64_t> NextFinalist(const SearchView& view,
                                    absl::Span<const store::Task> specializations,
                                    absl::Span<const store::Task> verifications) {
  std::set<int64_t> finalists;
  for (const store::Task& task : specializations) finalists.insert(task.candidate());
  if (finalists.size() >= kMostFinalists) return std::nullopt;
  const double slowdown = ImageSlowdown(view, finalists, verifications);
  const double limit = view.search.limits().latency_ms();
  for (const Individual& individual :
       Finalists(view.search.spec().objective(), ToIndividuals(view.search, view.candidates),
                 view.candidates.size())) {
    if (finalists.count(individual.number) > 0) continue;
    if (limit > 0 && individual.latency_ms.value_or(0) * slowdown > limit) continue;
    return individual.number;
  }
  return std::nullopt;
}

}  // namespace boardloop
