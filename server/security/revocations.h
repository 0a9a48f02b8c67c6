// Who is refused for good. In memory, since every call asks; the store has the rows.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/identity.pb.h"
#include "core/base/mutex.h"
#include "server/store/store.h"

namespace boardloop {

// Thread-safe.
class Revocations {
 public:
  // `store` is not owned. Statuses of Store::Read.
  static absl::StatusOr<std::unique_ptr<Revocations>> Load(Store& store);

  // When it returns, no call of `identity` is accepted any more, also after a restart. Gives the time of the first revocation.
  // Statuses of Store::Run.
  absl::StatusOr<absl::Time> Revoke(const v1::Identity& identity, absl::Time now);

  // PERMISSION_DENIED  it was revoked
  absl::Status Check(const v1::Identity& identity) const;

 private:
  explicit Revocations(Store& store) : store_(store) {}

  Store& store_;
  mutable Mutex mu_;
  std::map<std::string, absl::Time> revoked_ ABSL_GUARDED_BY(mu_);  // By "role/name".
};

}  // namespace boardloop
