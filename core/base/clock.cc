#include "core/base/clock.h"

#include <chrono>

namespace boardloop {

absl::Duration SystemClock::Steady() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace boardloop
