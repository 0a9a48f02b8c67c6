#include "core/base/cancellation.h"

#include <algorithm>
#include <utility>

namespace boardloop {

void Cancellation::Cancel() {
  // The lock is held while the hooks run, so that a Hook's destructor waits for its own.
  const std::lock_guard<std::mutex> lock(mu_);
  if (cancelled_.exchange(true)) return;
  changed_.notify_all();
  for (const auto& entry : hooks_) entry.second();
}

void Cancellation::Sleep(absl::Duration duration) const {
  constexpr absl::Duration kLongest = absl::Hours(24 * 365);  // The clock would overflow.
  std::unique_lock<std::mutex> lock(mu_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(std::min(duration, kLongest)),
                    [this] { return cancelled(); });
}

Cancellation::Hook::Hook(Cancellation& cancellation, std::function<void()> stop)
    : cancellation_(cancellation) {
  const std::lock_guard<std::mutex> lock(cancellation_.mu_);
  if (cancellation_.cancelled()) stop();
  id_ = cancellation_.next_id_++;
  cancellation_.hooks_.emplace(id_, std::move(stop));
}

Cancellation::Hook::~Hook() {
  const std::lock_guard<std::mutex> lock(cancellation_.mu_);
  cancellation_.hooks_.erase(id_);
}

}  // namespace boardloop
