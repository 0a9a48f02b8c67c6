// A line on standard error that says how far a long command is and how long it still takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"

namespace boardloop {

// Draws at most ten times a second, and only when standard error is a terminal; the destructor
// erases the line. Thread-safe.
class Progress {
 public:
  // `what` names the items: "subnets", "images".
  explicit Progress(std::string what);
  ~Progress();

  void Update(int64_t done, int64_t total);

 private:
  const std::string what_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  Mutex mu_;
  std::chrono::steady_clock::time_point next_draw_ ABSL_GUARDED_BY(mu_);
  bool drawn_ ABSL_GUARDED_BY(mu_) = false;
};

// "12,000 of 108,000 subnets (11 %), 0:23 left": the rate so far holds for the rest.
std::string ProgressLine(const std::string& what, int64_t done, int64_t total,
                         std::chrono::duration<double> elapsed);

}  // namespace boardloop
