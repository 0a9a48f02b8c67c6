#include "device-agent/service/board_queue.h"

#include <utility>

namespace boardloop {
namespace {

bool Is(const v1::Grant& grant, const std::string& task, int64_t epoch) {
  return grant.task() == task && grant.epoch() == epoch;
}

}  // namespace

void BoardQueue::Add(const v1::Grant& grant) {
  MutexLock lock(mu_);
  granted_.push_back(grant);
}

void BoardQueue::GiveUp(const std::string& task, int64_t epoch) {
  MutexLock lock(mu_);
  for (auto grant = granted_.begin(); grant != granted_.end(); ++grant) {
    if (!Is(*grant, task, epoch)) continue;
    granted_.erase(grant);
    return;
  }
  if (preparing_.has_value() && Is(*preparing_, task, epoch)) preparing_.reset();
  if (prepared_.has_value() && Is(prepared_->grant, task, epoch)) prepared_.reset();
}

void BoardQueue::Check(int64_t check) {
  MutexLock lock(mu_);
  wanted_check_ = check;
}

void BoardQueue::Stop() {
  MutexLock lock(mu_);
  stop_ = true;
}

std::optional<v1::Grant> BoardQueue::AwaitGrant() {
  MutexLock lock(mu_);
  mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return CanPrepare(); });
  if (stop_) return std::nullopt;
  preparing_ = std::move(granted_.front());
  granted_.pop_front();
  return preparing_;
}

void BoardQueue::PutPrepared(PreparedTask prepared) {
  MutexLock lock(mu_);
  if (!preparing_.has_value()) return;  // Given up.
  prepared_ = BoardWork{0, *std::move(preparing_), std::move(prepared)};
  preparing_.reset();
}

std::optional<BoardWork> BoardQueue::AwaitWork() {
  MutexLock lock(mu_);
  mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasWork(); });
  if (stop_) return std::nullopt;
  if (wanted_check_ != taken_check_) {
    taken_check_ = wanted_check_;
    return BoardWork{taken_check_, {}, {}};
  }
  return std::exchange(prepared_, std::nullopt);
}

}  // namespace boardloop
