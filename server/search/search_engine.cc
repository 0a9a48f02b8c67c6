#include "server/search/search_engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "glog/logging.h"
#include "server/search/candidate_rules.h"
#include "server/search/candidate_tasks.h"
#include "server/search/fit_to_supernet.h"
#include "server/search/latency_samples.h"
#include "server/search/limit_shares.h"
#include "server/search/measurement_cache.h"
#include "server/search/names.h"
#include "server/search/optimize_space.h"
#include "server/search/search_progress.h"
#include "server/search/spec.h"
#include "server/search/stages.h"
#include "server/store/artifact_references.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

using store::Task;

// After an error of the store or of this machine: a disk may have room again.
constexpr absl::Duration kRetry = absl::Seconds(5);
// Some 200 B each.
constexpr size_t kMaxLastProgress = 10000;

}  // namespace

SearchEngine::SearchEngine(Store& store, const Clock& clock, int threads, SearchObserver* observer)
    : store_(store), clock_(clock), threads_(threads), observer_(observer) {}

SearchEngine::~SearchEngine() { Stop(); }

void SearchEngine::Connect(Scheduler& scheduler, ArtifactFiles& artifacts) {
  scheduler_ = &scheduler;
  artifacts_ = &artifacts;
}

absl::Status SearchEngine::Start() {
  std::vector<std::string> running;
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    Page page;
    while (true) {
      BL_ASSIGN_OR_RETURN(const std::vector<Listed<v1::Search>> rows,
                          tx.ListSearches(v1::Search::RUNNING, page));
      if (rows.empty()) return absl::OkStatus();
      page.after = rows.back().position;
      for (const Listed<v1::Search>& row : rows) running.push_back(row.row.name());
    }
  });
  BL_RETURN_IF_ERROR(read);
  for (const std::string& name : running) OwnerChanged(name);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void SearchEngine::Stop() {
  {
    MutexLock lock(mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

bool SearchEngine::stopping() const {
  MutexLock lock(mu_);
  return stop_;
}

bool SearchEngine::GivesUp() const {
  MutexLock lock(mu_);
  return stop_ || step_cancelled_;
}

void SearchEngine::OwnerChanged(const std::string& owner) {
  MutexLock lock(mu_);
  if (std::find(queue_.begin(), queue_.end(), owner) == queue_.end()) queue_.push_back(owner);
}

void SearchEngine::Run() {
  while (true) {
    std::string name;
    {
      MutexLock lock(mu_);
      mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stop_ || !queue_.empty(); });
      if (stop_) return;
      name = queue_.front();
      queue_.pop_front();
      stepping_ = name;
      step_cancelled_ = false;
    }
    const absl::Status stepped = Step(name);
    {
      MutexLock lock(mu_);
      stepping_.clear();
      space_fraction_.erase(name);
    }
    if (stepped.ok() || absl::IsCancelled(stepped)) continue;
    LOG(ERROR) << name << ": " << stepped << "; tried again in " << kRetry;
    MutexLock lock(mu_);
    if (mu_.AwaitFor([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stop_; }, kRetry)) return;
    queue_.push_back(name);
  }
}

absl::Status SearchEngine::Step(const std::string& name) {
  const SearchContext step = context([this] { return GivesUp(); });
  // Each stage that moves on is followed by the next.
  while (true) {
    int64_t active = 0;
    const absl::Status counted = store_.Read([&](Transaction& tx) -> absl::Status {
      for (const Task::State state : {Task::QUEUED, Task::RUNNING}) {
        TaskQuery query;
        query.owner = name;
        query.state = state;
        BL_ASSIGN_OR_RETURN(const int64_t count, tx.CountTasks(query));
        active += count;
      }
      return absl::OkStatus();
    });
    BL_RETURN_IF_ERROR(counted);
    if (active > 0) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(const SearchView view, ReadSearch(store_, name));
    if (view.search.state() != v1::Search::RUNNING) return absl::OkStatus();
    switch (view.search.stage()) {
      case v1::Search::SPACE_OPTIMIZATION: {
        const auto progress = [&](double fraction) {
          MutexLock lock(mu_);
          space_fraction_[name] = fraction;
        };
        BL_RETURN_IF_ERROR(OptimizeSpaceStage(step, view, progress));
        break;
      }
      case v1::Search::SUPERNET:
        BL_RETURN_IF_ERROR(SupernetStage(step, view));
        break;
      case v1::Search::EVOLUTION:
        BL_RETURN_IF_ERROR(EvolutionStage(step, view));
        break;
      case v1::Search::SPECIALIZATION:
        BL_RETURN_IF_ERROR(SpecializationStage(step, view));
        break;
      case v1::Search::DELIVERY:
        BL_RETURN_IF_ERROR(DeliveryStage(step, view));
        break;
      default:
        return absl::InternalError(
            absl::StrCat("stage ", v1::Search::Stage_Name(view.search.stage())));
    }
  }
}

// ---- For the API.

absl::StatusOr<v1::Search> SearchEngine::Prepare(const v1::Search& asked) const {
  v1::SearchSpec spec = asked.spec();
  if (!spec.supernet_artifact().empty()) {
    const absl::StatusOr<v1::CheckpointHeader> header =
        SupernetOf(context(), spec.supernet_artifact());
    if (!header.ok()) return Annotate(header.status(), "supernet_artifact");
    BL_RETURN_IF_ERROR(FitToSupernet(*header, spec));
  }
  BL_RETURN_IF_ERROR(CheckSpec(spec));
  v1::Search search;
  search.set_display_name(asked.display_name());
  *search.mutable_spec() = WithDefaults(std::move(spec));
  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
  if (!type.support.has_value()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "board_type %s can be planned for, not measured on: it has no firmware support",
        type.name));
  }
  *search.mutable_limits() = EffectiveLimits(search.spec(), type);
  search.set_state(v1::Search::RUNNING);
  search.set_stage(v1::Search::SPACE_OPTIMIZATION);
  *search.mutable_create_time() = ToTimestamp(clock_.Now());
  return search;
}

absl::Status SearchEngine::JudgeLimits(const SearchContext& context, const BoardType& type,
                                       v1::Search& search) const {
  BL_ASSIGN_OR_RETURN(const Space space, SearchedSpace(search.spec()));
  BL_ASSIGN_OR_RETURN(const std::optional<LatencyPredictor> found, PredictorOfType(context, type));
  const LatencyPredictor* const predictor = found.has_value() ? &*found : nullptr;
  const SpacePair chosen{search.width_mult(), search.resolution()};
  if (search.resolution() > 0) {
    BL_ASSIGN_OR_RETURN(*search.add_limit_shares(),
                        CountLimitShares(context, search, space, chosen, type, predictor));
    BL_ASSIGN_OR_RETURN(const std::string why, WhyNoneMeets(search, space, chosen, type, predictor,
                                                            search.limit_shares(0)));
    if (why.empty()) return absl::OkStatus();
    search.set_state(v1::Search::INFEASIBLE);
    search.set_message(why);
    return absl::OkStatus();
  }
  for (const v1::SpaceResult& result : search.spaces()) {
    BL_ASSIGN_OR_RETURN(
        *search.add_limit_shares(),
        CountLimitShares(context, search, space, {result.width_mult(), result.resolution()}, type,
                         predictor));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Search> SearchEngine::Validate(v1::Search search,
                                                  const std::function<bool()>& cancelled) const {
  const SearchContext call = context([&] { return cancelled() || stopping(); });
  const auto validate = [&]() -> absl::Status {
    BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
    if (!search.spec().supernet_artifact().empty()) {
      BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header,
                          SupernetOf(call, search.spec().supernet_artifact()));
      search.set_width_mult(header.supernet().width_mult());
      search.set_resolution(header.supernet().resolution());
      return JudgeLimits(call, type, search);
    }
    BL_ASSIGN_OR_RETURN(const SpaceChoice choice,
                        ChooseSpace(call, search.spec(), type, [](double) {}));
    *search.mutable_spaces() = {choice.results.begin(), choice.results.end()};
    if (choice.best.has_value()) {
      search.set_width_mult(choice.best->width_mult());
      search.set_resolution(choice.best->resolution());
    } else {
      search.set_state(v1::Search::INFEASIBLE);
      search.set_message(choice.why_none);
    }
    return JudgeLimits(call, type, search);
  };
  const absl::Status validated = validate();
  if (absl::IsCancelled(validated) && stopping()) {
    return absl::UnavailableError("the coordinator stops: ask again");
  }
  BL_RETURN_IF_ERROR(validated);
  return search;
}

absl::Status SearchEngine::Insert(Transaction& tx, v1::Search search) {
  BL_RETURN_IF_ERROR(PutSearch(tx, clock_, search));
  const std::string& supernet = search.spec().supernet_artifact();
  if (!supernet.empty()) {
    BL_RETURN_IF_ERROR(ReferToArtifact(tx, supernet, search.name()));
  }
  return AddEvent(tx, clock_.Now(), search.name(), "SEARCH_CREATED", search.display_name());
}

absl::StatusOr<v1::Search> SearchEngine::Cancel(const std::string& name, const std::string& etag) {
  v1::Search result;
  const absl::Status stored = store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(name));
    if (!search.has_value()) return absl::NotFoundError(absl::StrCat("there is no ", name));
    result = *search;
    if (search->state() == v1::Search::CANCELLED) return absl::OkStatus();
    if (search->state() != v1::Search::RUNNING) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s is %s, must be RUNNING to be cancelled", name,
                          v1::Search::State_Name(search->state())));
    }
    if (!etag.empty() && etag != search->etag()) {
      return absl::AbortedError(absl::StrFormat(
          "%s has changed: etag \"%s\" was given, it is \"%s\" now", name, etag, search->etag()));
    }
    search->set_state(v1::Search::CANCELLED);
    search->set_message("by a user");
    *search->mutable_end_time() = ToTimestamp(clock_.Now());
    BL_RETURN_IF_ERROR(scheduler_->CancelTasks(tx, name));
    BL_RETURN_IF_ERROR(AddEvent(tx, clock_.Now(), name, "SEARCH_CANCELLED", ""));
    BL_RETURN_IF_ERROR(PutSearch(tx, clock_, *search));
    Tell(observer_, tx, [](SearchObserver& o) { o.SearchEnded(v1::Search::CANCELLED); });
    result = *std::move(search);
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(stored);
  MutexLock lock(mu_);
  if (stepping_ == name) step_cancelled_ = true;
  return result;
}

absl::Status SearchEngine::FillIn(v1::Search& search) {
  const bool ended = search.state() != v1::Search::RUNNING;
  if (ended) {
    MutexLock lock(mu_);
    const auto found = last_progress_.find(search.name());
    if (found != last_progress_.end()) {
      *search.mutable_progress() = found->second;
      return absl::OkStatus();
    }
  }
  BL_ASSIGN_OR_RETURN(*search.mutable_progress(), ProgressOf(store_, *scheduler_, search));
  if (ended) {
    MutexLock lock(mu_);
    if (last_progress_.size() >= kMaxLastProgress) last_progress_.clear();
    last_progress_[search.name()] = search.progress();
    return absl::OkStatus();
  }
  return FillInRunning(search);
}

absl::Status SearchEngine::Refresh(const std::string& name, SearchView& view) {
  BL_RETURN_IF_ERROR(RefreshSearch(store_, name, view));
  BL_ASSIGN_OR_RETURN(*view.search.mutable_progress(), ProgressOf(store_, *scheduler_, view));
  if (view.search.state() != v1::Search::RUNNING) return absl::OkStatus();
  return FillInRunning(view.search);
}

absl::Status SearchEngine::FillInRunning(v1::Search& search) {
  if (search.stage() == v1::Search::SPACE_OPTIMIZATION) {
    MutexLock lock(mu_);
    const auto found = space_fraction_.find(search.name());
    if (found != space_fraction_.end()) {
      search.mutable_progress()->set_stage_fraction(found->second);
    }
  }
  return store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(*search.mutable_waiting_for(), scheduler_->WaitingFor(tx, search.name()));
    return absl::OkStatus();
  });
}

// ---- Answers.

absl::Status SearchEngine::TaskMoved(Transaction& /*tx*/, const Task& /*task*/) {
  return absl::OkStatus();
}

// What a result refers to lives as long as its search.
absl::Status SearchEngine::KeepOutputs(Transaction& tx, const Task& task) {
  const v1::TaskResult& result = task.result();
  for (const std::string& artifact :
       {result.train().supernet(), result.specialize().model_blm(),
        result.specialize().model_tflite(), result.specialize().model_onnx(),
        result.specialize().samples(), result.measure().library(), result.measure().firmware()}) {
    if (artifact.empty()) continue;
    // One that is not there is found missing by the stage that needs it, and must not keep the result from being taken.
    absl::Status referred = ReferToArtifact(tx, artifact, task.owner());
    if (!referred.ok() && !absl::IsNotFound(referred)) return referred;
  }
  return absl::OkStatus();
}

absl::Status SearchEngine::TaskEnded(Transaction& tx, const Task& task) {
  BL_ASSIGN_OR_RETURN(const std::optional<v1::Search> search, tx.GetSearch(task.owner()));
  if (!search.has_value() || search->state() != v1::Search::RUNNING) return absl::OkStatus();
  BL_RETURN_IF_ERROR(KeepOutputs(tx, task));
  const bool of_candidate =
      task.kind() == Task::SCORE || (task.kind() == Task::MEASURE && !IsVerification(task));
  return of_candidate ? CandidateTaskEnded(tx, task, *search) : absl::OkStatus();
}

absl::Status SearchEngine::CandidateTaskEnded(Transaction& tx, const Task& task,
                                              const v1::Search& search) {
  BL_ASSIGN_OR_RETURN(std::optional<v1::Candidate> candidate,
                      tx.GetCandidate(task.owner(), task.candidate()));
  if (!candidate.has_value()) {
    return absl::InternalError(absl::StrFormat("task %d is of candidate %d, which is not there",
                                               task.id(), task.candidate()));
  }
  if (task.kind() == Task::SCORE) {
    ApplyScore(*candidate, task);
    if (candidate->has_top1()) Tell(observer_, tx, [](SearchObserver& o) { o.CandidateScored(); });
  } else if (task.state() == Task::DONE) {
    ApplyMeasurement(*candidate, task.result().measure().measurement());
    Tell(observer_, tx,
         [candidate = *candidate](SearchObserver& o) { o.CandidateMeasured(candidate); });
    BL_RETURN_IF_ERROR(KeepMeasurement(tx, task, *candidate, absl::ToUnixMillis(clock_.Now())));
  } else {
    ApplyMeasureFailure(*candidate, MessageOf(task.result()));
  }
  int64_t active = 0;
  for (const Task::State state : {Task::QUEUED, Task::RUNNING}) {
    TaskQuery query;
    query.owner = task.owner();
    query.candidate = task.candidate();
    query.state = state;
    BL_ASSIGN_OR_RETURN(const int64_t count, tx.CountTasks(query));
    active += count;
  }
  // With confident_skip the question of a measurement is still open after the score (EvolutionStage).
  const bool answered = candidate->has_measurement() ||
                        search.spec().measure() != v1::MEASURE_POLICY_CONFIDENT_SKIP ||
                        task.kind() == Task::MEASURE;
  if (active == 0 && answered) Resolve(*candidate, search.limits());
  return tx.PutCandidate(*candidate);
}

}  // namespace boardloop
