// One lock for each content: what is done to a file and to its row is done by one thread at a time.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace boardloop {

// Thread-safe (std::mutex: docs/decisions/0004-abseil.md). A thread holds at most one at a time.
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
    std::unique_lock<std::mutex> lock(mu_);
    while (!held_.insert(sha256).second) released_.wait(lock);
  }
  void Unlock(const std::string& sha256) {
    const std::lock_guard<std::mutex> lock(mu_);
    held_.erase(sha256);
    released_.notify_all();
  }

  std::mutex mu_;
  std::condition_variable released_;
  std::set<std::string> held_;  // Guarded by mu_.
};

}  // namespace boardloop
