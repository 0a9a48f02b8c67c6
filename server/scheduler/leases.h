// Leases in force, in memory: who works on what, and until when.
//
// The store knows who was granted a task; how long ago its holder was heard of is not worth a write. After a restart every holder
// gets a whole lease to call again.
//
// Invariants:
//   (1) A task has at most one lease, that of the highest epoch seen.
//   (2) Deadlines are on the coordinator's steady clock, never the holder's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace boardloop {

struct Lease {
  int64_t task = 0;
  int64_t epoch = 0;
  std::string member;
  absl::Duration deadline;
};

// Thread-safe.
class Leases {
 public:
  explicit Leases(absl::Duration ttl) : ttl_(ttl) {}

  absl::Duration ttl() const { return ttl_; }

  void Add(int64_t task, int64_t epoch, const std::string& member, absl::Duration now);
  void Remove(int64_t task, int64_t epoch);
  // Whatever its epoch.
  void Remove(int64_t task);
  // False when the member does not hold it: expired, granted to another, or ended.
  bool Renew(int64_t task, int64_t epoch, const std::string& member, absl::Duration now);

  std::vector<Lease> Of(const std::string& member) const;
  std::vector<Lease> Expired(absl::Duration now) const;
  size_t size() const;

 private:
  const absl::Duration ttl_;
  mutable Mutex mu_;
  std::map<int64_t, Lease> by_task_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
