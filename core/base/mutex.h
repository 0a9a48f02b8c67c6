// A mutex whose holder can wait for a condition over what the mutex guards, as with Mutex, but one
// that ThreadSanitizer sees through (docs/decisions/0004): a std::mutex with clang's thread annotations.
//
//   MutexLock lock(mu_);
//   mu_.Await([this] { return stop_ || !queue_.empty(); });
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace boardloop {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }

  // Whoever waits looks at its condition again: nobody needs to remember to notify.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    const bool waited_for = waiters_ > 0;
    mu_.unlock();
    if (waited_for) changed_.notify_all();
  }

  // Releases the mutex until `ready()`, which is called with the mutex held.
  template <typename Ready>
  void Await(Ready ready) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    Waiting waiting(*this);
    changed_.wait(waiting.lock, ready);
  }

  // The same, at most until `end` (or for `limit`); returns ready().
  template <typename Ready>
  bool AwaitUntil(Ready ready, absl::Time end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    return AwaitFor(ready, end - absl::Now());
  }
  template <typename Ready>
  bool AwaitFor(Ready ready, absl::Duration limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    // The library adds the limit to a clock of nanoseconds, which ends in some 290 years.
    const absl::Duration bounded = std::clamp(limit, absl::ZeroDuration(), absl::Hours(24 * 365));
    Waiting waiting(*this);
    return changed_.wait_for(waiting.lock, absl::ToChronoNanoseconds(bounded), ready);
  }

 private:
  // Lends the held mutex to the condition variable.
  struct Waiting {
    explicit Waiting(Mutex& held) : owner(held), lock(held.mu_, std::adopt_lock) {
      // What this thread has changed so far, others may wait for.
      if (owner.waiters_++ > 0) owner.changed_.notify_all();
    }
    ~Waiting() {
      --owner.waiters_;
      lock.release();
    }
    Mutex& owner;
    std::unique_lock<std::mutex> lock;
  };

  std::mutex mu_;
  std::condition_variable changed_;
  int waiters_ = 0;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace boardloop
