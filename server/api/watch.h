// What server streams have in common: look, send what changed, wait.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"

namespace boardloop {

// How often a watched thing is looked at.
inline constexpr absl::Duration kWatchInterval = absl::Milliseconds(500);

// Calls `look` until it says that all is said (true), the caller is gone, or the server stops.
inline absl::Status Watch(const grpc::ServerContext& context, const std::function<bool()>& stopping,
                          const std::function<absl::StatusOr<bool>()>& look) {
  while (true) {
    const absl::StatusOr<bool> ended = look();
    if (!ended.ok()) return ended.status();
    if (*ended) return absl::OkStatus();
    if (context.IsCancelled()) return absl::CancelledError("the caller is gone");
    if (stopping()) return absl::UnavailableError("the coordinator stops: watch again");
    absl::SleepFor(kWatchInterval);
  }
}

}  // namespace boardloop
