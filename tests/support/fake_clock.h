// A clock that stands until it is moved.
#pragma once

#include "absl/base/thread_annotations.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace boardloop {

class FakeClock : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(mu_);
    return now_;
  }
  absl::Duration Steady() const override {
    MutexLock lock(mu_);
    return steady_;
  }
  void Advance(absl::Duration duration) {
    MutexLock lock(mu_);
    now_ += duration;
    steady_ += duration;
  }
  // As when somebody sets the machine's clock.
  void Jump(absl::Duration duration) {
    MutexLock lock(mu_);
    now_ += duration;
  }

 private:
  mutable Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_) = absl::FromUnixSeconds(1'800'000'000);
  absl::Duration steady_ ABSL_GUARDED_BY(mu_) = absl::Hours(1);
};

}  // namespace boardloop
