// Who asked for tasks, and wants to know how they ended.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace boardloop {

class TaskOwner {
 public:
  virtual ~TaskOwner() = default;

  // `task` has just become DONE or FAILED, in the transaction of `tx`: what follows from it is written in the same one. An error
  // undoes both.
  virtual absl::Status TaskEnded(Transaction& tx, const store::Task& task) = 0;
  // Was granted for the first time, or goes back to the queue.
  virtual absl::Status TaskMoved(Transaction& tx, const store::Task& task) = 0;

  // After the transaction: something of `owner` (as in Task) has changed. Must return at once.
  virtual void OwnerChanged(const std::string& owner) = 0;
};

}  // namespace boardloop
