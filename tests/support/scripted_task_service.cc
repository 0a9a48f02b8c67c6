#include "tests/support/scripted_task_service.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int64_t kNextCallMs = 10;

bool IsAlone(const v1::TaskPayload& payload) {
  return payload.has_train() || payload.has_specialize();
}

std::string HolderOf(const v1::SynchronizeRequest& request) {
  return absl::StrCat(request.member(), "/", request.instance());
}

}  // namespace

ScriptedTaskService::ScriptedTaskService(grpc::Service* other) : other_(other) { Start(); }

ScriptedTaskService::~ScriptedTaskService() { GoAway(); }

void ScriptedTaskService::Start() {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(this);
  if (other_ != nullptr) builder.RegisterService(other_);
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
}

std::string ScriptedTaskService::address() const { return absl::StrCat("127.0.0.1:", port_); }

void ScriptedTaskService::GoAway() {
  if (server_ == nullptr) return;
  server_->Shutdown();
  server_->Wait();
  server_.reset();
}

void ScriptedTaskService::ComeBack() { Start(); }

std::string ScriptedTaskService::Queue(const v1::TaskPayload& payload, const std::string& dataset) {
  MutexLock lock(mu_);
  std::string name = absl::StrFormat("tasks/%03d", tasks_.size() + 1);
  tasks_[name].payload = payload;
  tasks_[name].dataset = dataset;
  return name;
}

void ScriptedTaskService::TakeAway(const std::string& task, bool queue_again) {
  MutexLock lock(mu_);
  tasks_[task].holder.clear();
  tasks_[task].queued = queue_again;
}

void ScriptedTaskService::FailCalls(int calls, grpc::StatusCode code) {
  MutexLock lock(mu_);
  fail_code_ = code;
  fail_calls_ = calls;
}

void ScriptedTaskService::LoseReplies(int calls) {
  MutexLock lock(mu_);
  lose_replies_ = calls;
}

ScriptedTaskService::Task ScriptedTaskService::Get(const std::string& task) const {
  MutexLock lock(mu_);
  return tasks_.at(task);
}

void ScriptedTaskService::Await(const std::string& task,
                                const std::function<bool(const Task&)>& condition) const {
  MutexLock lock(mu_);
  const auto met = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return condition(tasks_.at(task)); };
  EXPECT_TRUE(mu_.AwaitFor(met, kPatience)) << task;
}

v1::TaskResult ScriptedTaskService::AwaitResult(const std::string& task) const {
  Await(task, [](const Task& found) { return found.ended; });
  const Task found = Get(task);
  return found.results.empty() ? v1::TaskResult() : found.results.back();
}

void ScriptedTaskService::AwaitCalls(int calls) const {
  MutexLock lock(mu_);
  const int begun = calls_;
  const auto met = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_ >= begun + calls; };
  EXPECT_TRUE(mu_.AwaitFor(met, kPatience)) << "calls";
}

v1::SynchronizeRequest ScriptedTaskService::LastRequest() const {
  MutexLock lock(mu_);
  return last_request_;
}

grpc::Status ScriptedTaskService::Synchronize(grpc::ServerContext* /*context*/,
                                              const v1::SynchronizeRequest* request,
                                              v1::SynchronizeResponse* response) {
  MutexLock lock(mu_);
  if (fail_calls_ > 0) {
    --fail_calls_;
    return grpc::Status(fail_code_, "as told");
  }
  last_request_ = *request;
  TakeFinished(*request, *response);
  TakeHeld(*request, *response);
  if (!request->draining()) GrantTasks(*request, *response);
  std::set<std::string> asked;
  for (const auto& [name, task] : tasks_) {
    if (task.queued && !task.dataset.empty()) asked.insert(task.dataset);
  }
  for (const std::string& dataset : asked) response->add_asked_datasets(dataset);
  response->set_next_call_ms(kNextCallMs);
  if (lose_replies_ > 0) {
    --lose_replies_;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the reply is lost, as told");
  }
  ++calls_;
  return grpc::Status::OK;
}

void ScriptedTaskService::TakeFinished(const v1::SynchronizeRequest& request,
                                       v1::SynchronizeResponse& response) {
  for (const v1::FinishedTask& finished : request.finished()) {
    response.add_acknowledged(finished.task());
    Task& task = tasks_[finished.task()];
    if (task.holder != HolderOf(request) || task.epoch != finished.epoch()) continue;
    task.holder.clear();
    if (finished.result().outcome() == v1::TaskResult::RETURNED) {
      ++task.returned;
      task.queued = true;
      continue;
    }
    task.ended = true;
    task.results.push_back(finished.result());
  }
}

// What is the caller's and not named by it is of a grant that it never received.
void ScriptedTaskService::TakeHeld(const v1::SynchronizeRequest& request,
                                   v1::SynchronizeResponse& response) {
  for (auto& [name, task] : tasks_) {
    if (task.holder != HolderOf(request)) continue;
    const auto& held = request.held();
    const auto& wanted = name;
    const auto found = std::find_if(held.begin(), held.end(), [&](const v1::HeldTask& entry) {
      return entry.task() == wanted;
    });
    if (found == held.end() || found->epoch() != task.epoch) {
      task.holder.clear();
      task.queued = true;
      continue;
    }
    response.add_keep(name);
    task.progress = found->progress();
    if (!task.progress.checkpoint().empty()) task.checkpoint = task.progress.checkpoint();
  }
}

void ScriptedTaskService::GrantTasks(const v1::SynchronizeRequest& request,
                                     v1::SynchronizeResponse& response) {
  int running = 0;
  for (const auto& [name, task] : tasks_) running += task.holder == HolderOf(request) ? 1 : 0;
  for (auto& [name, task] : tasks_) {
    if (!task.queued || running >= request.capacity()) continue;
    if (IsAlone(task.payload) && running > 0) return;
    const auto& datasets = request.datasets();
    if (!task.dataset.empty() &&
        std::find(datasets.begin(), datasets.end(), task.dataset) == datasets.end()) {
      continue;
    }
    task.queued = false;
    task.holder = HolderOf(request);
    ++task.epoch;
    ++running;
    v1::Grant& grant = *response.add_grants();
    grant.set_task(name);
    grant.set_epoch(task.epoch);
    *grant.mutable_payload() = task.payload;
    grant.set_checkpoint(task.checkpoint);
    if (IsAlone(task.payload)) return;
  }
}

}  // namespace boardloop
