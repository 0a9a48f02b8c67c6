#include "core/base/cancellation.h"

#include <utility>

namespace boardloop {

void Cancellation::Cancel() {
  // The lock is held while the hooks run, so that a Hook's destructor waits for its own.
  absl::MutexLock lock(&mu_);
  if (notification_.HasBeenNotified()) return;
  notification_.Notify();
  for (const auto& entry : hooks_) entry.second();
}

Cancellation::Hook::Hook(Cancellation& cancellation, std::function<void()> stop)
    : cancellation_(cancellation) {
  absl::MutexLock lock(&cancellation_.mu_);
  if (cancellation_.cancelled()) stop();
  id_ = cancellation_.next_id_++;
  cancellation_.hooks_.emplace(id_, std::move(stop));
}

Cancellation::Hook::~Hook() {
  absl::MutexLock lock(&cancellation_.mu_);
  cancellation_.hooks_.erase(id_);
}

}  // namespace boardloop
