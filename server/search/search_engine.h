// The engine: brings searches from stage to stage. One thread; everything it does follows from rows of the store.
//
// Invariants:
//   (1) A search is a function of its spec and the answers in its rows: not of time, of the order of answers, or of crashes. Its answers are
//       looked at when all that were asked for are there, in the order of the candidates.
//   (2) An answer and what it says of its candidate are stored in one transaction.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/scheduler/task_owner.h"
#include "server/search/search_context.h"

namespace boardloop {

// Thread-safe.
class SearchEngine : public TaskOwner {
 public:
  // Nothing is owned; no observer: nobody. Connect() before anything else.
  SearchEngine(Store& store, const Clock& clock, int threads, SearchObserver* observer = nullptr);
  ~SearchEngine() override;

  // The scheduler reports to us and we ask it for tasks: it is made after us.
  void Connect(Scheduler& scheduler, ArtifactFiles& artifacts);
  // Takes up all searches that are running, and begins to work.
  absl::Status Start();
  void Stop();

  // What a caller's spec says, complete and checked, as the row of a search that begins. Nothing is stored.
  //
  // INVALID_ARGUMENT  a field out of range; NOT_FOUND  board type or artifact
  absl::StatusOr<v1::Search> Prepare(const v1::Search& asked) const;
  // Space optimization now, as `validate_only` answers: spaces, which share of random networks each limit refuses, and state
  // INFEASIBLE with the reason if nothing meets the limits. Latency is judged where it can be predicted.
  //
  // CANCELLED  `cancelled` said so, which is asked often, from any thread; UNAVAILABLE  the engine stops
  absl::StatusOr<v1::Search> Validate(v1::Search search,
                                      const std::function<bool()>& cancelled) const;
  // Stores a prepared search under its name, in the transaction of the caller; OwnerChanged(name) after it.
  absl::Status Insert(Transaction& tx, v1::Search search);
  absl::StatusOr<v1::Search> Cancel(const std::string& name, const std::string& etag);

  // Fills in what is not in the row: progress, and what is waited for. Cheap for searches that have ended, once asked for.
  absl::Status FillIn(v1::Search& search);
  // RefreshSearch, and the same.
  absl::Status Refresh(const std::string& name, SearchView& view);

  // TaskOwner:
  absl::Status TaskEnded(Transaction& tx, const store::Task& task) override;
  absl::Status TaskMoved(Transaction& tx, const store::Task& task) override;
  void OwnerChanged(const std::string& owner) override;

 private:
  SearchContext context(const std::function<bool()>& cancelled = nullptr) const {
    return {store_, *scheduler_, *artifacts_, clock_, threads_, cancelled, observer_};
  }
  bool stopping() const;
  // Whether the step that runs is one too many: its search was cancelled, or the engine stops.
  bool GivesUp() const;
  void Run();
  absl::Status Step(const std::string& name);
  absl::Status FillInRunning(v1::Search& search);
  absl::Status JudgeLimits(const SearchContext& context, const BoardType& type,
                           v1::Search& search) const;
  absl::Status CandidateTaskEnded(Transaction& tx, const store::Task& task,
                                  const v1::Search& search);
  absl::Status KeepOutputs(Transaction& tx, const store::Task& task);

  Store& store_;
  const Clock& clock_;
  const int threads_;
  SearchObserver* const observer_;
  Scheduler* scheduler_ = nullptr;
  ArtifactFiles* artifacts_ = nullptr;

  mutable Mutex mu_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mu_);  // Each name once.
  std::map<std::string, double> space_fraction_ ABSL_GUARDED_BY(mu_);
  // Of searches that have ended, which does not change any more.
  std::map<std::string, v1::SearchProgress> last_progress_ ABSL_GUARDED_BY(mu_);
  std::string stepping_ ABSL_GUARDED_BY(mu_);  // The search whose step runs; empty: none.
  bool step_cancelled_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace boardloop
