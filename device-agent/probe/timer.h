// How much of a deadline is left, for calls that are made of several.
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace boardloop {

class Timer {
 public:
  explicit Timer(absl::Duration deadline)
      : end_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(deadline)) {}

  // Never below zero.
  absl::Duration Left() const {
    const absl::Duration left = absl::FromChrono(end_ - std::chrono::steady_clock::now());
    return left > absl::ZeroDuration() ? left : absl::ZeroDuration();
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace boardloop
