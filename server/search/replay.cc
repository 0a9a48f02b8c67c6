#include "server/search/replay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/search/finalist_tasks.h"
#include "server/search/names.h"
#include "server/search/optimize_space.h"
#include "server/search/selection.h"

namespace boardloop {
namespace {

class Replay {
 public:
  Replay(const SearchContext& context, const SearchView& view) : context_(context), view_(view) {}

  absl::StatusOr<ReplayResult> Run() {
    BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(view_.search.spec()));
    BL_RETURN_IF_ERROR(ReplaySpace(type));
    BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header,
                        SupernetOf(context_, view_.search.supernet()));
    BL_ASSIGN_OR_RETURN(const EvolutionProblem problem,
                        ProblemOf(view_.search, header.supernet(), type));
    BL_RETURN_IF_ERROR(ReplayGenerations(problem));
    BL_RETURN_IF_ERROR(ReplayFinalists());
    return result_;
  }

 private:
  void Compare(const std::string& what, const std::string& then, const std::string& now) {
    ++result_.decisions;
    if (then == now) return;
    result_.differences.push_back(
        absl::StrFormat("%s: it was \"%s\", today it would be \"%s\"", what, then, now));
  }

  absl::Status ReplaySpace(const BoardType& type) {
    const v1::Search& search = view_.search;
    if (!search.spec().supernet_artifact().empty()) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(const SpaceChoice choice,
                        ChooseSpace(context_, search.spec(), type, [](double) {}));
    const std::string now = choice.best.has_value() ? absl::StrFormat("width %g at %d pixels",
                                                                      choice.best->width_mult(),
                                                                      choice.best->resolution())
                                                    : choice.why_none;
    Compare("space",
            absl::StrFormat("width %g at %d pixels", search.width_mult(), search.resolution()),
            now);
    return absl::OkStatus();
  }

  absl::Status ReplayGenerations(const EvolutionProblem& problem) {
    std::vector<v1::Candidate> before;
    auto next = view_.candidates.begin();
    for (int32_t number = 0; next != view_.candidates.end(); ++number) {
      BL_ASSIGN_OR_RETURN(
          const Generation generation,
          number == 0 ? FirstGeneration(problem)
                      : NextGeneration(problem, number, ToIndividuals(view_.search, before)));
      const auto end = std::find_if(next, view_.candidates.end(), [&](const v1::Candidate& c) {
        return c.generation() > number;
      });
      Compare(absl::StrCat("size of generation ", number), absl::StrCat(end - next),
              absl::StrCat(generation.children.size()));
      for (size_t i = 0; next != end; ++next, ++i) {
        const std::string now = i < generation.children.size()
                                    ? CanonicalText(generation.children[i].subnet)
                                    : "nothing";
        Compare(next->name(), next->subnet(), now);
        before.push_back(*next);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReplayFinalists() {
    if (view_.search.winner().empty()) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(const FinalistTasks tasks,
                        ReadFinalistTasks(context_.store, view_.search.name()));
    const absl::Span<const store::Task> all = tasks.specializations;
    std::vector<int64_t> then, now;
    for (const store::Task& task : all) then.push_back(task.candidate());
    for (const Individual& finalist :
         Finalists(view_.search.spec().objective(), ToIndividuals(view_.search, view_.candidates),
                   static_cast<size_t>(view_.search.spec().specialization().finalists()))) {
      now.push_back(finalist.number);
    }
    // Those that came when the ones before them did not hold.
    for (size_t i = now.size(); i < all.size(); ++i) {
      now.push_back(NextFinalist(view_, all.first(i), tasks.verifications).value_or(0));
    }
    Compare("finalists", absl::StrJoin(then, ", "), absl::StrJoin(now, ", "));
    return absl::OkStatus();
  }

  const SearchContext& context_;
  const SearchView& view_;
  ReplayResult result_;
};

}  // namespace

absl::StatusOr<ReplayResult> ReplaySearch(const SearchContext& context, const std::string& name) {
  BL_ASSIGN_OR_RETURN(const SearchView view, ReadSearch(context.store, name));
  if (view.candidates.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is in stage %s and has no candidates yet: there is nothing to replay",
                        name, v1::Search::Stage_Name(view.search.stage())));
  }
  return Replay(context, view).Run();
}

}  // namespace boardloop
