// Points that threads pass, where a test can hold them: the order of things in several threads without
// a look at the clock.
//
//   gates.Close("a run");          // Whoever comes there waits.
//   ...
//   ASSERT_TRUE(gates.Await("a run"));  // Somebody is there.
//   gates.Open("a run");
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace boardloop {

// Thread-safe.
class Gates {
 public:
  void Close(const std::string& point) {
    MutexLock lock(mu_);
    closed_.insert(point);
  }
  void Open(const std::string& point) {
    MutexLock lock(mu_);
    closed_.erase(point);
  }
  // For good: before threads are joined, also those of a test that has failed.
  void OpenAll() {
    MutexLock lock(mu_);
    open_ = true;
  }

  // For the threads that are watched. Noted first, then held.
  void Pass(const std::string& point) {
    MutexLock lock(mu_);
    passed_.push_back(point);
    mu_.Await([this, &point]()
                  ABSL_NO_THREAD_SAFETY_ANALYSIS { return open_ || closed_.count(point) == 0; });
  }

  // Waits until somebody has come to the point; false: nobody does.
  bool Await(const std::string& point) {
    constexpr absl::Duration kPatience =
        absl::Minutes(5);  // For a machine that does other things too.
    MutexLock lock(mu_);
    return mu_.AwaitFor([this, &point]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Has(point); },
                        kPatience);
  }
  bool HasPassed(const std::string& point) const {
    MutexLock lock(mu_);
    return Has(point);
  }
  // What was passed, in order.
  std::vector<std::string> passed() const {
    MutexLock lock(mu_);
    return passed_;
  }

 private:
  bool Has(const std::string& point) const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return std::find(passed_.begin(), passed_.end(), point) != passed_.end();
  }

  mutable Mutex mu_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  std::set<std::string> closed_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> passed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
