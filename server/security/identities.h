// Who the coordinator has met, and who is refused for good.
//
// Invariant: who is revoked is in memory, since every call asks, and in the store, before Revoke returns. What a call shows of its
// caller is in memory first: calls do not wait for the store, Keep writes it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/identity.pb.h"
#include "boardloop/v1/security_service.pb.h"
#include "core/base/mutex.h"
#include "server/store/store.h"

namespace boardloop {

// Thread-safe.
class Identities {
 public:
  // `store` is not owned. Statuses of Store::Read.
  static absl::StatusOr<std::unique_ptr<Identities>> Load(Store& store);

  // PERMISSION_DENIED  it was revoked
  absl::Status Check(const v1::Identity& identity) const;

  // It called, with a certificate that ends at `expire`. Quick: for every call. Own programs of the coordinator are nobody.
  void Called(const v1::Identity& identity, absl::Time expire, absl::Time now);

  // Writes what calls have shown and the store does not have; to be called often. Statuses of Store::Run.
  absl::Status Keep();

  // When it returns, no call of `identity` is accepted any more, also after a restart. Gives the time of the first revocation.
  //
  // NOT_FOUND  it never joined or called, and not `allow_missing`
  // Statuses of Store::Run.
  absl::StatusOr<absl::Time> Revoke(const v1::Identity& identity, bool allow_missing,
                                    absl::Time now);

  // By role and name. Statuses of Store::Read.
  absl::StatusOr<std::vector<v1::KnownIdentity>> List() const;

 private:
  struct Calls {
    absl::Time first, last, expire;
    bool kept = false;  // The store has what it needs of them.
  };

  explicit Identities(Store& store) : store_(store) {}
  static void Add(const Calls& calls, store::KnownIdentity& row);

  Store& store_;
  mutable Mutex mu_;
  // By "role/name".
  std::map<std::string, absl::Time> revoked_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Calls> calls_ ABSL_GUARDED_BY(mu_);
};

// Whether it is one of those that the coordinator's own programs make for a call (server/own_coordinator.h): nobody joins as one.
bool IsOwnProgram(const v1::Identity& identity);

// Notes in a transaction that lets `identity` join that it is known, with a certificate of now.
absl::Status NoteJoined(Transaction& tx, const v1::Identity& identity, absl::Time now);

}  // namespace boardloop
