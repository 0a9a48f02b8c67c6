#include "cli/client/member_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/backoff.h"
#include "cli/client/channel.h"
#include "cli/client/explain.h"
#include "cli/client/grpc_status.h"
#include "core/base/hash.h"

namespace boardloop {
namespace {

constexpr int32_t kProtocolVersion = 1;
constexpr absl::Duration kCall = absl::Seconds(20);
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(200);
constexpr absl::Duration kLastBackoff = absl::Seconds(5);
// To connect anew. Longer than a channel waits between attempts, short for somebody who stops us.
constexpr absl::Duration kConnect = absl::Seconds(1);

// Distinct for each process that ever was.
std::string MakeInstance(uint64_t seed) {
  if (seed != 0) return absl::StrCat("instance-", seed);
  return HashBytes(absl::StrCat(absl::GetCurrentTimeNanos(), "/", getpid())).Hex();
}

bool Refused(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status) ||
         absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

}  // namespace

std::string DefaultMemberName(const std::string& suffix) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  std::string name = "members/";
  for (const char* c = host; *c != '\0'; ++c) {
    const auto letter = static_cast<unsigned char>(*c);
    name += std::isalnum(letter) != 0 ? static_cast<char>(std::tolower(letter)) : '-';
  }
  return absl::StrCat(name, "-", suffix);
}

MemberLoop::MemberLoop(const std::shared_ptr<grpc::Channel>& channel, MemberHandler& handler,
                       Options options)
    : channel_(channel),
      stub_(v1::TaskService::NewStub(channel)),
      handler_(handler),
      options_(std::move(options)),
      instance_(MakeInstance(options_.seed)),
      random_(options_.seed != 0 ? options_.seed : HashBytes(instance_).low) {}

void MemberLoop::Log(const std::string& line) {
  if (options_.log) options_.log(line);
}

absl::Status MemberLoop::Run() {
  Backoff backoff(kFirstBackoff, kLastBackoff, random_);
  bool connected = false;
  absl::Time looked = absl::InfinitePast();  // For the reason of a failure.
  std::string said;                          // What of it stands in the log.
  while (true) {
    // Without a connection the call below says so.
    AwaitConnection(*channel_, kConnect);
    const v1::SynchronizeRequest request = MakeRequest();
    v1::SynchronizeResponse response;
    grpc::ClientContext context;
    SetDeadline(context, kCall);
    const absl::Time begin = absl::Now();
    absl::Status status =
        FromGrpc(stub_->Synchronize(&context, request, &response), options_.address);
    if (options_.observer != nullptr) {
      options_.observer->Synchronized(status, absl::Now() - begin);
    }
    if (absl::IsCancelled(status)) {
      status = absl::UnavailableError(
          absl::StrFormat("the coordinator at %s ended the call: it stops", options_.address));
    }
    // When we are cut off and now and then: finding out takes a while, and another may be there by now.
    const bool look = connected || begin - looked >= options_.look_again;
    if (look) looked = begin;
    if (absl::IsUnavailable(status) && look) {
      status = ExplainFailure(status, options_.address, options_.identity);
    }
    if (Refused(status)) return status;
    if (!status.ok()) {
      if (look && status.message() != said) {
        said = std::string(status.message());
        Log(said);
      }
      connected = false;
      HandBack();
      if (stopping() && Idle()) return absl::OkStatus();
      Sleep(backoff.Next());
      continue;
    }
    if (!connected) Log(absl::StrCat("connected to ", options_.address, " as ", options_.member));
    connected = true;
    said.clear();
    backoff.Reset();
    Take(request, response);
    HandBack();
    if (stopping() && Idle()) return absl::OkStatus();
    Sleep(absl::Milliseconds(response.next_call_ms()) * (0.9 + 0.2 * random_.Unit()));
  }
}

v1::SynchronizeRequest MemberLoop::MakeRequest() {
  v1::SynchronizeRequest request;
  request.set_protocol_version(kProtocolVersion);
  request.set_member(options_.member);
  request.set_instance(instance_);
  request.set_kind(options_.kind);
  request.set_device(options_.device);
  request.set_version(BOARDLOOP_VERSION);
  handler_.Describe(request);
  MutexLock lock(mu_);
  woken_ = false;
  request.set_draining(stopping_);
  for (const auto& [task, held] : held_) {
    v1::HeldTask& entry = *request.add_held();
    entry.set_task(task);
    entry.set_epoch(held.epoch);
    *entry.mutable_progress() = held.progress;
  }
  for (const v1::FinishedTask& finished : finished_) *request.add_finished() = finished;
  return request;
}

void MemberLoop::Take(const v1::SynchronizeRequest& request,
                      const v1::SynchronizeResponse& response) {
  std::vector<std::pair<std::string, int64_t>> lost;
  {
    MutexLock lock(mu_);
    for (const std::string& task : response.acknowledged()) {
      finished_.erase(
          std::remove_if(finished_.begin(), finished_.end(),
                         [&](const v1::FinishedTask& finished) { return finished.task() == task; }),
          finished_.end());
    }
    // Only what the call spoke of: a task may have ended in between.
    for (const v1::HeldTask& held : request.held()) {
      const auto found = held_.find(held.task());
      if (found == held_.end() || found->second.epoch != held.epoch()) continue;
      const auto& keep = response.keep();
      if (std::find(keep.begin(), keep.end(), held.task()) != keep.end()) continue;
      lost.emplace_back(held.task(), held.epoch());
      held_.erase(found);
    }
    for (const v1::Grant& grant : response.grants()) held_[grant.task()].epoch = grant.epoch();
  }
  for (const auto& [task, epoch] : lost) handler_.GiveUp(task, epoch);
  for (const v1::Grant& grant : response.grants()) handler_.Begin(grant);
  handler_.TakeOrders(response);
}

// After the drain's deadline unfinished tasks go back to the queue.
void MemberLoop::HandBack() {
  std::vector<std::pair<std::string, int64_t>> left;
  {
    MutexLock lock(mu_);
    if (!stopping_ || absl::Now() < drain_end_) return;
    for (const auto& [task, held] : held_) {
      v1::FinishedTask& finished = finished_.emplace_back();
      finished.set_task(task);
      finished.set_epoch(held.epoch);
      finished.mutable_result()->set_outcome(v1::TaskResult::RETURNED);
      left.emplace_back(task, held.epoch);
    }
    held_.clear();
    woken_ = woken_ || !left.empty();
    // Nobody answers: what is left is found lost when its lease ends.
    if (left.empty() && absl::Now() > drain_end_ + options_.drain) finished_.clear();
  }
  for (const auto& [task, epoch] : left) handler_.GiveUp(task, epoch);
}

void MemberLoop::Sleep(absl::Duration duration) {
  MutexLock lock(mu_);
  const absl::Time now = absl::Now();
  absl::Time end = now + duration;
  if (drain_end_ > now) end = std::min(end, drain_end_);  // To hand back in time.
  mu_.AwaitUntil([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return woken_; }, end);
}

bool MemberLoop::Idle() const {
  MutexLock lock(mu_);
  return held_.empty() && finished_.empty();
}

void MemberLoop::Stop() {
  MutexLock lock(mu_);
  if (stopping_) return;
  stopping_ = true;
  drain_end_ = absl::Now() + options_.drain;
  woken_ = true;
}

bool MemberLoop::stopping() const {
  MutexLock lock(mu_);
  return stopping_;
}

void MemberLoop::Finish(const std::string& task, int64_t epoch, v1::TaskResult result) {
  MutexLock lock(mu_);
  const auto found = held_.find(task);
  if (found == held_.end() || found->second.epoch != epoch) return;  // Given up.
  held_.erase(found);
  v1::FinishedTask& finished = finished_.emplace_back();
  finished.set_task(task);
  finished.set_epoch(epoch);
  *finished.mutable_result() = std::move(result);
  woken_ = true;
}

void MemberLoop::SetProgress(const std::string& task, int64_t epoch, v1::TaskProgress progress) {
  MutexLock lock(mu_);
  const auto found = held_.find(task);
  if (found == held_.end() || found->second.epoch != epoch) return;
  // The newest checkpoint stays until there is a newer one.
  if (progress.checkpoint().empty()) {
    progress.set_checkpoint(found->second.progress.checkpoint());
  }
  found->second.progress = std::move(progress);
}

void MemberLoop::Wake() {
  MutexLock lock(mu_);
  woken_ = true;
}

}  // namespace boardloop
