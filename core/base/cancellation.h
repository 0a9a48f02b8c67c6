// A wish to stop, from one thread to those that work.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace boardloop {

// Thread-safe. Once cancelled it stays so.
class Cancellation {
 public:
  void Cancel();
  bool cancelled() const { return notification_.HasBeenNotified(); }
  // Returns after `duration`, or at once when it is cancelled.
  void Sleep(absl::Duration duration) const {
    notification_.WaitForNotificationWithTimeout(duration);
  }

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
  absl::Notification notification_;
  absl::Mutex mu_;
  int64_t next_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int64_t, std::function<void()>> hooks_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
