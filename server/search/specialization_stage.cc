#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/search/candidate_tasks.h"
#include "server/search/finalist_tasks.h"
#include "server/search/names.h"
#include "server/search/stages.h"

namespace boardloop {
namespace {

// DONE ones, the best validation top-1 as int8 first.
std::vector<store::Task> Specialized(const FinalistTasks& tasks) {
  std::vector<store::Task> done;
  std::copy_if(tasks.specializations.begin(), tasks.specializations.end(), std::back_inserter(done),
               [](const store::Task& task) { return task.state() == store::Task::DONE; });
  std::stable_sort(done.begin(), done.end(), [](const store::Task& a, const store::Task& b) {
    return a.result().specialize().val_top1_int8() > b.result().specialize().val_top1_int8();
  });
  return done;
}

std::string Failures(const FinalistTasks& tasks) {
  std::string text;
  for (const store::Task& task : tasks.specializations) {
    if (task.state() == store::Task::DONE) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", "candidate ", task.candidate(), ": ",
                    MessageOf(task.result()));
  }
  return text;
}

// Why the verified image is not delivered; empty when it is.
std::string Objection(const v1::Limits& limits, const store::Task& verification) {
  const v1::Measurement& measurement = verification.result().measure().measurement();
  if (verification.state() != store::Task::DONE || measurement.outcome() != v1::Measurement::OK) {
    return MessageOf(verification.result());
  }
  if (!measurement.exact()) return "its outputs on the board are not those of the host";
  if (limits.latency_ms() > 0 && measurement.latency_ms() > limits.latency_ms()) {
    return absl::StrFormat("as an image it takes %.4g ms, the limit is %.4g ms",
                           measurement.latency_ms(), limits.latency_ms());
  }
  return "";
}

absl::Status Win(const SearchContext& context, const v1::Search& search, int64_t candidate) {
  return UpdateSearch(context, search.name(),
                      [&](Transaction& tx, v1::Search& row) -> absl::Status {
                        row.set_winner(CandidateName(row.name(), candidate));
                        row.set_stage(v1::Search::DELIVERY);
                        return AddEvent(tx, context.clock.Now(), row.name(), "STAGE_BEGAN",
                                        absl::StrCat("delivery of ", row.winner()));
                      });
}

// None of those that were specialized holds: goes on with the next best, or ends the search.
absl::Status ReplaceFinalists(const SearchContext& context, const SearchView& view,
                              const FinalistTasks& tasks, const std::string& objections) {
  const std::optional<int64_t> next =
      NextFinalist(view, tasks.specializations, tasks.verifications);
  if (!next.has_value()) {
    return EndSearch(
        context, view.search.name(), v1::Search::INFEASIBLE,
        absl::StrFormat("none of the %d candidates that were specialized holds on the board, and "
                        "no other is expected to: %s",
                        tasks.specializations.size(), objections));
  }
  const v1::Candidate& candidate = view.candidates[static_cast<size_t>(*next - 1)];
  return UpdateSearch(
      context, view.search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
        BL_RETURN_IF_ERROR(
            context.scheduler.AddTask(tx, SpecializeTaskOf(row, candidate)).status());
        return AddEvent(tx, context.clock.Now(), row.name(), "FINALIST_REPLACED",
                        absl::StrCat("specialization of ", candidate.name(), "; ", objections));
      });
}

}  // namespace

absl::Status SpecializationStage(const SearchContext& context, const SearchView& view) {
  const v1::Search& search = view.search;
  BL_ASSIGN_OR_RETURN(const FinalistTasks tasks, ReadFinalistTasks(context.store, search.name()));
  const std::vector<store::Task> done = Specialized(tasks);
  if (done.empty()) {
    return EndSearch(context, search.name(), v1::Search::FAILED,
                     absl::StrCat("no finalist could be specialized: ", Failures(tasks)));
  }
  std::string objections;
  for (const store::Task& specialized : done) {
    const int64_t number = specialized.candidate();
    const auto verification =
        std::find_if(tasks.verifications.begin(), tasks.verifications.end(),
                     [&](const store::Task& task) { return task.candidate() == number; });
    if (verification == tasks.verifications.end()) {
      const v1::Candidate& candidate = view.candidates[static_cast<size_t>(number - 1)];
      return UpdateSearch(
          context, search.name(), [&](Transaction& tx, v1::Search& row) -> absl::Status {
            return context.scheduler
                .AddTask(tx, VerifyTaskOf(row, candidate, specialized.result().specialize()))
                .status();
          });
    }
    const std::string objection = Objection(search.limits(), *verification);
    if (objection.empty()) return Win(context, search, number);
    absl::StrAppend(&objections, objections.empty() ? "" : "; ", "candidate ", number, ": ",
                    objection);
  }
  // Another candidate would not be verified either.
  const bool unanswered =
      std::any_of(tasks.verifications.begin(), tasks.verifications.end(),
                  [](const store::Task& task) { return task.state() != store::Task::DONE; });
  if (unanswered) {
    return EndSearch(context, search.name(), v1::Search::FAILED,
                     absl::StrCat("no finalist could be verified: ", objections));
  }
  return ReplaceFinalists(context, view, tasks, objections);
}

}  // namespace boardloop
