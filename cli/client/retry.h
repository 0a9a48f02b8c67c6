// Attempts at something that may be cut off and goes on where it was.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/cancellation.h"

namespace boardloop {

struct RetryOptions {
  int attempts = 8;  // In a row, without progress.
  absl::Duration first_backoff = absl::Milliseconds(200);
  absl::Duration max_backoff = absl::Seconds(10);
  std::function<void(absl::Duration)> sleep;  // Empty: sleeps, and wakes up when cancelled.
  Cancellation* cancellation = nullptr;
};

// Whether another attempt may get further: the coordinator was away, restarted or too slow, or another upload held what was there
// (reason UPLOAD_GAP).
bool MayBeRetried(const absl::Status& status);

// Calls `attempt` until it succeeds, fails for good or has failed too often without progress. `attempt` sets its argument when it
// got further than those before.
//
// CANCELLED  as asked; whatever the attempt returned then
absl::Status Retry(const RetryOptions& options,
                   const std::function<absl::Status(bool& progress)>& attempt);

}  // namespace boardloop
