#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/search/candidate_tasks.h"
#include "server/search/names.h"
#include "server/search/stages.h"

namespace boardloop {
namespace {

struct Tasks {
  std::vector<store::Task> specialized;    // DONE, the best validation top-1 as int8 first.
  std::vector<store::Task> verifications;  // All.
  std::string failures;
};

absl::StatusOr<Tasks> ReadTasks(const SearchContext& context, const std::string& search) {
  std::vector<store::Task> all;
  const absl::Status read = context.store.Read([&](Transaction& tx) -> absl::Status {
    for (const store::Task::Kind kind : {store::Task::SPECIALIZE, store::Task::MEASURE}) {
      TaskQuery query;
      query.owner = search;
      query.kind = kind;
      BL_ASSIGN_OR_RETURN(const std::vector<store::Task> found, tx.ListTasks(query));
      all.insert(all.end(), found.begin(), found.end());
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  Tasks tasks;
  for (const store::Task& task : all) {
    if (IsVerification(task)) tasks.verifications.push_back(task);
    if (task.kind() != store::Task::SPECIALIZE) continue;
    if (task.state() == store::Task::DONE) {
      tasks.specialized.push_back(task);
    } else {
      absl::StrAppend(&tasks.failures, tasks.failures.empty() ? "" : "; ", "candidate ",
                      task.candidate(), ": ", MessageOf(task.result()));
    }
  }
  std::stable_sort(tasks.specialized.begin(), tasks.specialized.end(),
                   [](const store::Task& a, const store::Task& b) {
                     return a.result().specialize().val_top1_int8() >
                            b.result().specialize().val_top1_int8();
                   });
  return tasks;
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

}  // namespace

absl::Status SpecializationStage(const SearchContext& context, const SearchView& view) {
  const v1::Search& search = view.search;
  BL_ASSIGN_OR_RETURN(const Tasks tasks, ReadTasks(context, search.name()));
  if (tasks.specialized.empty()) {
    return EndSearch(context, search.name(), v1::Search::FAILED,
                     absl::StrCat("no finalist could be specialized: ", tasks.failures));
  }
  std::string objections;
  for (const store::Task& specialized : tasks.specialized) {
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
  return EndSearch(context, search.name(), v1::Search::INFEASIBLE,
                   absl::StrCat("no finalist holds on the board: ", objections));
}

}  // namespace boardloop
