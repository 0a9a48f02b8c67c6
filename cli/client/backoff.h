// Waits between calls that fail: each twice the one before, with jitter, so that a farm does not come back all at once.
#pragma once

#include <algorithm>

#include "absl/time/time.h"
#include "core/base/random.h"

namespace boardloop {

// Not thread-safe.
class Backoff {
 public:
  // 0 < first <= last. `random` is not owned.
  Backoff(absl::Duration first, absl::Duration last, Random& random)
      : first_(first), last_(last), next_(first), random_(random) {}

  // Between half and all of first, 2 first, 4 first, ..., last, last, ...
  absl::Duration Next() {
    const absl::Duration wait = next_ * (0.5 + 0.5 * random_.Unit());
    next_ = std::min(next_ * 2, last_);
    return wait;
  }
  // After a call that went well: the next failure begins anew.
  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_, last_;
  absl::Duration next_;
  Random& random_;
};

}  // namespace boardloop
