#include "worker/service/worker_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "worker/service/specialize_task.h"
#include "worker/service/task_outcome.h"
#include "worker/service/train_task.h"
#include "worker/torch/torch_errors.h"

namespace boardloop {
namespace {

// So many scores of one super-network before those of another get their turn: changing over costs a load.
constexpr int kMostInARow = 32;

bool IsScore(const v1::Grant& grant) { return grant.payload().has_score(); }

// What is neither is refused, and nothing that a coordinator of this release grants.
WorkKind KindOf(const v1::Grant& grant) {
  if (grant.payload().has_train()) return WorkKind::kTrain;
  return IsScore(grant) ? WorkKind::kScore : WorkKind::kSpecialize;
}

DatasetAccess::Options DatasetOptions(const WorkerService::Options& options) {
  DatasetAccess::Options access;
  access.roots = options.data_roots;
  access.log = options.log;
  return access;
}

}  // namespace

std::string DeviceText(const ComputeDevice& device, int threads) {
  return device.device.is_cpu() ? absl::StrFormat("cpu, %d threads", threads)
                                : absl::StrCat(device.device.str());
}

absl::StatusOr<std::unique_ptr<WorkerService>> WorkerService::Create(
    const std::shared_ptr<grpc::Channel>& channel, ArtifactAccess artifacts, Options options) {
  if (!options.log) options.log = [](const std::string& /*line*/) {};
  BL_ASSIGN_OR_RETURN(const ComputeDevice device, DeviceFromFlags(options.device));
  MemberLoop::Options loop;
  loop.member = options.member;
  loop.kind = v1::Member::WORKER;
  loop.device = DeviceText(device, options.device.threads);
  loop.address = options.address;
  loop.identity = options.identity;
  loop.drain = options.drain;
  loop.seed = options.seed;
  loop.log = options.log;
  loop.observer = options.member_observer;
  std::unique_ptr<WorkerService> service(
      new WorkerService(std::move(artifacts), std::move(options), device));
  service->loop_ = std::make_unique<MemberLoop>(channel, *service, std::move(loop));
  service->thread_ = std::thread([raw = service.get()] { raw->Work(); });
  return service;
}

WorkerService::WorkerService(ArtifactAccess artifacts, Options options, const ComputeDevice& device)
    : artifacts_(std::move(artifacts)),
      options_(std::move(options)),
      datasets_(DatasetOptions(options_), clock_),
      cache_({device, options_.device.threads}, datasets_),
      observer_(options_.observer != nullptr ? *options_.observer : nobody_) {}

WorkerService::~WorkerService() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
    StopSession();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status WorkerService::Run() { return loop_->Run(); }

void WorkerService::Stop() {
  {
    MutexLock lock(mu_);
    draining_ = true;
  }
  loop_->Stop();
}

// --- What the coordinator says; on the loop's thread.

void WorkerService::Describe(v1::SynchronizeRequest& request) {
  for (const std::string& path : datasets_.Offered()) request.add_datasets(path);
  for (const auto& [path, problem] : datasets_.Problems()) {
    v1::DatasetProblem& entry = *request.add_dataset_problems();
    entry.set_path(path);
    entry.set_problem(Printable(problem));
  }
  MutexLock lock(mu_);
  ++calls_begun_;
  request.set_capacity(HasAlone() ? 0 : options_.capacity);
}

void WorkerService::Begin(const v1::Grant& grant) {
  MutexLock lock(mu_);
  queue_.push_back(grant);
}

void WorkerService::GiveUp(const std::string& task, int64_t epoch) {
  MutexLock lock(mu_);
  queue_.erase(std::remove_if(queue_.begin(), queue_.end(),
                              [&](const v1::Grant& grant) {
                                return grant.task() == task && grant.epoch() == epoch;
                              }),
               queue_.end());
  if (session_ == nullptr) return;
  session_->tasks.erase({task, epoch});
  const bool waits = !session_->alone && FirstQueued(session_->supernet) != queue_.end();
  if (session_->tasks.empty() && !waits) StopSession();
}

void WorkerService::TakeOrders(const v1::SynchronizeResponse& response) {
  {
    MutexLock lock(mu_);
    calls_answered_ = calls_begun_;  // One call at a time.
  }
  const auto& asked = response.asked_datasets();
  // At once: somebody waits for it.
  if (datasets_.Ask({asked.begin(), asked.end()})) loop_->Wake();
}

// --- The thread that works.

void WorkerService::Work() {
  while (true) {
    Session session;
    v1::Grant grant;
    if (!BeginSession(session, grant)) return;
    const WorkKind kind = KindOf(grant);
    observer_.WorkBegan(kind);
    if (session.alone) {
      RunAlone(grant, session);
    } else {
      RunScores(session);
    }
    observer_.WorkEnded(kind);
    MutexLock lock(mu_);
    session_ = nullptr;
  }
}

// Waits for work. ScoreTasks stay in the queue, to be taken one by one.
bool WorkerService::BeginSession(Session& session, v1::Grant& grant) {
  MutexLock lock(mu_);
  mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasWork(); });
  if (stopped_) return false;
  grant = queue_.front();
  session.alone = !IsScore(grant);
  if (session.alone) {
    queue_.pop_front();
    session.tasks.insert({grant.task(), grant.epoch()});
  } else {
    session.supernet = grant.payload().score().supernet();
  }
  session_ = &session;
  return true;
}

TaskContext WorkerService::ContextFor(const v1::Grant& grant, WorkKind kind, Session& session) {
  Cancellation& cancellation = session.cancellation;
  TaskContext context;
  context.read = [this, &cancellation](const std::string& name) {
    return artifacts_.read(name, cancellation);
  };
  context.write = [this, &cancellation](const std::string& bytes) {
    return artifacts_.write(bytes, cancellation);
  };
  context.abandoned = [&cancellation] { return cancellation.cancelled(); };
  context.cancelled = context.abandoned;
  if (grant.payload().has_train()) {
    // It would not end in time, and can go on elsewhere.
    context.cancelled = [this, &cancellation] {
      MutexLock lock(mu_);
      return cancellation.cancelled() || draining_;
    };
  }
  context.report = [this, kind, task = grant.task(),
                    epoch = grant.epoch()](const v1::TaskProgress& progress) {
    observer_.Progressed(kind, progress);
    loop_->SetProgress(task, epoch, progress);
  };
  context.count_images = [this, kind](int64_t images) { observer_.ImagesSeen(kind, images); };
  context.log = options_.log;
  return context;
}

absl::StatusOr<v1::TaskResult> WorkerService::RunPayload(const v1::Grant& grant,
                                                         const TaskContext& context) {
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::DONE);
  if (grant.payload().has_train()) {
    TrainTaskOptions options;
    options.folder = options_.state_folder + "/training";
    options.task = grant.task();
    options.checkpoint = grant.checkpoint();
    options.checkpoint_interval = options_.checkpoint_interval;
    options.report_interval = options_.report_interval;
    BL_ASSIGN_OR_RETURN(*result.mutable_train(),
                        RunTrainTask(grant.payload().train(), options, cache_, context));
    return result;
  }
  if (grant.payload().has_specialize()) {
    BL_ASSIGN_OR_RETURN(*result.mutable_specialize(),
                        RunSpecializeTask(grant.payload().specialize(), cache_, context));
    return result;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("this worker (version ", BOARDLOOP_VERSION, ") does not know such a task"));
}

void WorkerService::RunAlone(const v1::Grant& grant, Session& session) {
  const absl::Time begin = absl::Now();
  const TaskContext context = ContextFor(grant, KindOf(grant), session);
  bool refuse = false;
  {
    MutexLock lock(mu_);
    refuse = draining_;
  }
  absl::StatusOr<v1::TaskResult> result = absl::CancelledError("stopped");
  if (!refuse) {
    options_.log(absl::StrCat(grant.task(), ": ",
                              grant.payload().has_train() ? "training" : "specializing"));
    const absl::Status caught = CatchTorchErrors([&] {
      result = RunPayload(grant, context);
      return absl::OkStatus();
    });
    if (!caught.ok()) result = caught;
  }
  if (!result.ok() && session.cancellation.cancelled()) {
    observer_.TaskEnded(KindOf(grant), std::nullopt, absl::ToDoubleSeconds(absl::Now() - begin));
    options_.log(absl::StrCat(grant.task(), ": given up"));
    return;
  }
  v1::TaskResult answer;
  if (result.ok()) {
    answer = *std::move(result);
  } else if (absl::IsCancelled(result.status())) {
    answer.set_outcome(v1::TaskResult::RETURNED);
    AwaitReport(session);
  } else {
    answer = FailedResult(result.status());
  }
  answer.set_seconds(absl::ToDoubleSeconds(absl::Now() - begin));
  options_.log(absl::StrFormat("%s: %s after %.1f s%s%s", grant.task(),
                               v1::TaskResult::Outcome_Name(answer.outcome()), answer.seconds(),
                               answer.message().empty() ? "" : ": ", answer.message()));
  Finish(session, grant, answer);
}

// Waits until a call has told of the newest progress: whoever takes over a task begins with the checkpoint in it, and a finished
// task has no progress. Ends with the drain at the latest, which gives the task up.
void WorkerService::AwaitReport(const Session& session) {
  loop_->Wake();
  MutexLock lock(mu_);
  const int64_t begun = calls_begun_;
  mu_.Await([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return calls_answered_ > begun || session.cancellation.cancelled();
  });
}

void WorkerService::RunScores(Session& session) {
  const TaskContext context = ContextFor(v1::Grant(), WorkKind::kScore, session);
  const absl::Time begin = absl::Now();
  const auto next = [&]() -> std::optional<ScoreWork> {
    const std::optional<v1::Grant> grant = NextScore(session);
    if (!grant.has_value()) return std::nullopt;
    return WorkOf(*grant, session);
  };
  absl::Status status = absl::OkStatus();
  const absl::Status caught = CatchTorchErrors([&] {
    status = ScoreTasks(session.supernet, next, cache_, context);
    return absl::OkStatus();
  });
  if (!caught.ok()) status = caught;
  if (!status.ok() && !session.cancellation.cancelled()) {
    options_.log(absl::StrCat(session.supernet, ": ", std::string(status.message())));
    while (const std::optional<v1::Grant> grant = NextScore(session)) {
      Finish(session, *grant, FailedResult(status));
    }
    return;
  }
  options_.log(absl::StrFormat("scored %d subnets of %s in %.1f s", session.taken, session.supernet,
                               absl::ToDoubleSeconds(absl::Now() - begin)));
}

std::optional<v1::Grant> WorkerService::NextScore(Session& session) {
  MutexLock lock(mu_);
  const auto next = FirstQueued(session.supernet);
  if (next == queue_.end()) return std::nullopt;
  if (session.taken >= kMostInARow && next != queue_.begin()) return std::nullopt;
  v1::Grant grant = std::move(*next);
  queue_.erase(next);
  ++session.taken;
  session.tasks.insert({grant.task(), grant.epoch()});
  return grant;
}

ScoreWork WorkerService::WorkOf(const v1::Grant& grant, Session& session) {
  ScoreWork work;
  work.task = grant.payload().score();
  work.done = [this, grant, &session](const absl::StatusOr<v1::ScoreOutput>& output,
                                      double seconds) {
    v1::TaskResult result;
    if (output.ok()) {
      result.set_outcome(v1::TaskResult::DONE);
      *result.mutable_score() = *output;
      observer_.ImagesSeen(WorkKind::kScore, output->images());
    } else {
      result = FailedResult(output.status());
    }
    result.set_seconds(seconds);
    Finish(session, grant, result);
  };
  return work;
}

void WorkerService::Finish(Session& session, const v1::Grant& grant, const v1::TaskResult& result) {
  {
    MutexLock lock(mu_);
    session.tasks.erase({grant.task(), grant.epoch()});
  }
  observer_.TaskEnded(KindOf(grant), result.outcome(), result.seconds());
  loop_->Finish(grant.task(), grant.epoch(), result);
}

void WorkerService::StopSession() {
  if (session_ != nullptr) session_->cancellation.Cancel();
}

bool WorkerService::HasAlone() const {
  return (session_ != nullptr && session_->alone) ||
         !std::all_of(queue_.begin(), queue_.end(), IsScore);
}

// The first ScoreTask of `supernet`; none behind a task that runs alone.
std::deque<v1::Grant>::iterator WorkerService::FirstQueued(const std::string& supernet) {
  const auto alone = std::find_if_not(queue_.begin(), queue_.end(), IsScore);
  const auto found = std::find_if(queue_.begin(), alone, [&](const v1::Grant& grant) {
    return grant.payload().score().supernet() == supernet;
  });
  return found == alone ? queue_.end() : found;
}

}  // namespace boardloop
