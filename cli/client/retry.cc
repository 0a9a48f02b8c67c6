#include "cli/client/retry.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "cli/client/grpc_status.h"

namespace boardloop {
namespace {

void Wait(const RetryOptions& options, absl::Duration duration) {
  if (options.sleep) {
    options.sleep(duration);
  } else if (options.cancellation != nullptr) {
    options.cancellation->Sleep(duration);
  } else {
    absl::SleepFor(duration);
  }
}

}  // namespace

bool MayBeRetried(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:  // By a coordinator that stops: we would not be here.
      return true;
    default:
      return ReasonOf(status) == "UPLOAD_GAP";
  }
}

absl::Status Retry(const RetryOptions& options,
                   const std::function<absl::Status(bool& progress)>& attempt) {
  const auto cancelled = [&options] {
    return options.cancellation != nullptr && options.cancellation->cancelled();
  };
  int failed = 0;
  absl::Duration backoff = options.first_backoff;
  while (!cancelled()) {
    bool progress = false;
    absl::Status status = attempt(progress);
    if (status.ok()) return status;
    if (cancelled()) break;
    if (!MayBeRetried(status)) return status;
    if (progress) {
      failed = 0;
      backoff = options.first_backoff;
    }
    if (++failed >= options.attempts) {
      // Also a call that was cancelled by the other side: nobody here has asked for it.
      return absl::IsCancelled(status) ? absl::UnavailableError(status.message()) : status;
    }
    Wait(options, backoff);
    backoff = std::min(backoff * 2, options.max_backoff);
  }
  return absl::CancelledError("the transfer was cancelled");
}

}  // namespace boardloop
