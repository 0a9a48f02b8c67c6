// Where callers of a store wait for the one thread that does the work.
//
// The thread takes all that wait, up to a bound, so that many transactions share one commit: the more callers, the
// fewer waits for the disk each.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace boardloop {

// Thread-safe. (std::mutex, whose guards clang does not check: docs/decisions/0004-abseil.md.)
class CommitQueue {
 public:
  enum class Kind { kRead, kWrite, kBackup };

  // One waiting caller.
  class Call {
   public:
    const Kind kind;
    const Work* const work;  // Null for a backup.
    const std::string path;  // Of a backup.

   private:
    friend class CommitQueue;
    Call(Kind a_kind, const Work* a_work, std::string a_path)
        : kind(a_kind), work(a_work), path(std::move(a_path)) {}

    // Guarded by the queue's mutex.
    bool done_ = false;
    absl::Status status_;
    std::condition_variable ended_;  // Its own: a commit wakes its callers and nobody else.
  };

  struct Batch {
    bool closed = false;  // Nothing waits, and nothing will come.
    std::vector<Call*> reads, writes, backups;
  };

  explicit CommitQueue(size_t max_batch) : max_batch_(max_batch) {}

  // Waits until the thread has ended the call; returns what it said.
  // UNAVAILABLE  closed
  absl::Status Run(Kind kind, const Work& work);
  absl::Status Backup(const std::string& path);

  // ---- For the one thread.

  // At most the bound of each kind, in the order of arrival; waits for a first one if `wait`.
  Batch Take(bool wait);
  // Wakes the caller. `call` is gone afterwards.
  void End(Call* call, const absl::Status& status);

  // Calls that wait are still taken, later ones are refused.
  void Close();

 private:
  absl::Status Submit(Call& call);
  void Move(std::deque<Call*>& from, std::vector<Call*>& to) const;

  const size_t max_batch_;
  std::mutex mu_;
  std::condition_variable arrived_;
  // Guarded by mu_.
  std::deque<Call*> reads_, writes_, backups_;
  bool closed_ = false;
};

}  // namespace boardloop
