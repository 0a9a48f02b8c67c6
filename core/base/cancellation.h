// A wish to stop, from one thread to those that work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "absl/time/time.h"

namespace boardloop {

// Thread-safe. Once cancelled it stays so. (std::mutex, whose guards clang does not check: docs/decisions/0004-abseil.md.)
class Cancellation {
 public:
  void Cancel();
  bool cancelled() const { return cancelled_; }
  // Returns after `duration`, or at once when it is cancelled.
  void Sleep(absl::Duration duration) const;

  // While it lives, Cancel() calls `stop`, which must not wait; where it was cancelled before, at once. Once the destructor has
  // returned, `stop` does not run any more.
  class Hook {
   public:
    Hook(Cancellation& cancellation, std::function<void()> stop);
    ~Hook();
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;

   private:
    Cancellation& cancellation_;
    int64_t id_;
  };

 private:
  mutable std::mutex mu_;
  mutable std::condition_variable changed_;
  std::atomic<bool> cancelled_ = false;  // Changed under mu_.
  // Guarded by mu_.
  int64_t next_id_ = 0;
  std::map<int64_t, std::function<void()>> hooks_;
};

}  // namespace boardloop
