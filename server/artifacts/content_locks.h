// One lock for each content: what is done to a file and to its row is done by one thread at a time.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace boardloop {

// Thread-safe. A thread holds at most one at a time.
class ContentLocks {
 public:
  class Held {
   public:
    Held(ContentLocks& locks, std::string sha256) : locks_(locks), sha256_(std::move(sha256)) {
      locks_.Lock(sha256_);
    }
    ~Held() { locks_.Unlock(sha256_); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    ContentLocks& locks_;
    const std::string sha256_;
  };

 private:
  void Lock(const std::string& sha256) {
    absl::MutexLock lock(&mu_);
    while (!held_.insert(sha256).second) released_.Wait(&mu_);
  }
  void Unlock(const std::string& sha256) {
    absl::MutexLock lock(&mu_);
    held_.erase(sha256);
    released_.SignalAll();
  }

  absl::Mutex mu_;
  absl::CondVar released_;
  std::set<std::string> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
