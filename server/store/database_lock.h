// One process at a time has a database: a lock on the file beside it, PATH.lock.
//
// The kernel gives the lock back when its holder ends, however that ends; the file stays, and is no sign of a holder.
// It says who the holder is, for people.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

class DatabaseLock {
 public:
  // FAILED_PRECONDITION  another process has it (the message names it), or the folder is read-only
  // NOT_FOUND            there is no such folder
  // RESOURCE_EXHAUSTED   the disk is full
  static absl::StatusOr<DatabaseLock> Take(const std::string& database_path);

  DatabaseLock(DatabaseLock&& other) noexcept;
  DatabaseLock& operator=(DatabaseLock&& other) noexcept;
  ~DatabaseLock();

 private:
  explicit DatabaseLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace boardloop
