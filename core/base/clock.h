// Time, as an argument: tests advance it, nothing sleeps through it.
#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace boardloop {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // For people and records. May jump.
  virtual absl::Time Now() const = 0;
  // Since some moment in the past. Only rises: deadlines are kept on it.
  virtual absl::Duration Steady() const = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Steady() const override;
};

}  // namespace boardloop
