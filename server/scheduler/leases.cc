#include "server/scheduler/leases.h"

namespace boardloop {

void Leases::Add(int64_t task, int64_t epoch, const std::string& member, absl::Duration now) {
  MutexLock lock(mu_);
  Lease& lease = by_task_[task];
  if (lease.epoch > epoch) return;  // Two grants were committed in the other order.
  lease = {task, epoch, member, now + ttl_};
}

void Leases::Remove(int64_t task, int64_t epoch) {
  MutexLock lock(mu_);
  const auto found = by_task_.find(task);
  if (found != by_task_.end() && found->second.epoch == epoch) by_task_.erase(found);
}

void Leases::Remove(int64_t task) {
  MutexLock lock(mu_);
  by_task_.erase(task);
}

bool Leases::Renew(int64_t task, int64_t epoch, const std::string& member, absl::Duration now) {
  MutexLock lock(mu_);
  const auto found = by_task_.find(task);
  if (found == by_task_.end()) return false;
  Lease& lease = found->second;
  if (lease.epoch != epoch || lease.member != member) return false;
  lease.deadline = now + ttl_;
  return true;
}

std::vector<Lease> Leases::Of(const std::string& member) const {
  MutexLock lock(mu_);
  std::vector<Lease> leases;
  for (const auto& [task, lease] : by_task_) {
    if (lease.member == member) leases.push_back(lease);
  }
  return leases;
}

std::vector<Lease> Leases::Expired(absl::Duration now) const {
  MutexLock lock(mu_);
  std::vector<Lease> leases;
  for (const auto& [task, lease] : by_task_) {
    if (lease.deadline <= now) leases.push_back(lease);
  }
  return leases;
}

size_t Leases::size() const {
  MutexLock lock(mu_);
  return by_task_.size();
}

}  // namespace boardloop
