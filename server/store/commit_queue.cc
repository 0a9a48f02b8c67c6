#include "server/store/commit_queue.h"

#include <algorithm>

namespace boardloop {

absl::Status CommitQueue::Run(Kind kind, const Work& work) {
  Call call(kind, &work, "");
  return Submit(call);
}

absl::Status CommitQueue::Backup(const std::string& path) {
  Call call(Kind::kBackup, nullptr, path);
  return Submit(call);
}

absl::Status CommitQueue::Submit(Call& call) {
  std::unique_lock<std::mutex> lock(mu_);
  if (closed_) return absl::UnavailableError("the store is being closed");
  std::deque<Call*>& calls =
      call.kind == Kind::kRead ? reads_ : (call.kind == Kind::kWrite ? writes_ : backups_);
  calls.push_back(&call);
  arrived_.notify_one();
  call.ended_.wait(lock, [&call] { return call.done_; });
  return call.status_;
}

CommitQueue::Batch CommitQueue::Take(bool wait) {
  std::unique_lock<std::mutex> lock(mu_);
  auto waiting = [this] { return !reads_.empty() || !writes_.empty() || !backups_.empty(); };
  if (wait) arrived_.wait(lock, [&] { return closed_ || waiting(); });
  Batch batch;
  batch.closed = closed_ && !waiting();
  Move(reads_, batch.reads);
  Move(writes_, batch.writes);
  Move(backups_, batch.backups);
  return batch;
}

void CommitQueue::Move(std::deque<Call*>& from, std::vector<Call*>& to) const {
  const auto count = static_cast<std::ptrdiff_t>(std::min(from.size(), max_batch_));
  to.assign(from.begin(), from.begin() + count);
  from.erase(from.begin(), from.begin() + count);
}

void CommitQueue::End(Call* call, const absl::Status& status) {
  // Notified with the lock held: the caller, whose stack the call is on, cannot be gone before.
  std::lock_guard<std::mutex> lock(mu_);
  call->status_ = status;
  call->done_ = true;
  call->ended_.notify_one();
}

void CommitQueue::Close() {
  std::lock_guard<std::mutex> lock(mu_);
  closed_ = true;
  arrived_.notify_one();
}

}  // namespace boardloop
