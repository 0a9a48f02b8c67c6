// How long something has been busy.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace boardloop {

// Thread-safe.
class BusyTime {
 public:
  // `clock` is not owned.
  explicit BusyTime(const Clock& clock) : clock_(clock) {}

  // It is busy from a Begin() to the next End(); what repeats one of them changes nothing.
  void Begin();
  void End();

  bool busy() const;
  // Of all times, also that which has not ended yet: a task of an hour shows while it runs.
  double Seconds() const;

 private:
  const Clock& clock_;
  mutable Mutex mu_;
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration begin_ ABSL_GUARDED_BY(mu_);  // On the steady clock.
  absl::Duration ended_ ABSL_GUARDED_BY(mu_);  // Sum of those that have.
};

}  // namespace boardloop
