#include "core/metrics/busy_time.h"

namespace boardloop {

void BusyTime::Begin() {
  const MutexLock lock(mu_);
  if (busy_) return;
  busy_ = true;
  begin_ = clock_.Steady();
}

void BusyTime::End() {
  const MutexLock lock(mu_);
  if (busy_) ended_ += clock_.Steady() - begin_;
  busy_ = false;
}

bool BusyTime::busy() const {
  const MutexLock lock(mu_);
  return busy_;
}

double BusyTime::Seconds() const {
  const MutexLock lock(mu_);
  return absl::ToDoubleSeconds(busy_ ? ended_ + clock_.Steady() - begin_ : ended_);
}

}  // namespace boardloop
