// Tells each kind of owner of its tasks.
#pragma once

#include <string>

#include "server/scheduler/task_owner.h"
#include "server/search/names.h"

namespace boardloop {

class TaskRouter : public TaskOwner {
 public:
  // Not owned.
  TaskRouter(TaskOwner& searches, TaskOwner& measurements)
      : searches_(searches), measurements_(measurements) {}

  absl::Status TaskEnded(Transaction& tx, const store::Task& task) override {
    return Of(task.owner()).TaskEnded(tx, task);
  }
  absl::Status TaskMoved(Transaction& tx, const store::Task& task) override {
    return Of(task.owner()).TaskMoved(tx, task);
  }
  void OwnerChanged(const std::string& owner) override { Of(owner).OwnerChanged(owner); }

 private:
  TaskOwner& Of(const std::string& owner) {
    return IsSearchName(owner) ? searches_ : measurements_;
  }

  TaskOwner& searches_;
  TaskOwner& measurements_;
};

}  // namespace boardloop
