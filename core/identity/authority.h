// The authority of one coordinator: a key and a certificate of its own that sign those of everybody who joins.
//
// In its folder: key.pem (0600), certificate.pem. Whoever has the key can be anybody: it does not leave the coordinator's machine.
//
// Invariants:
//   (1) A certificate has exactly one identity and is for clients, or names of hosts and is for servers: no member can play the
//       coordinator.
//   (2) Of a request nothing counts but its key; role and name come from whoever decides on them.
//   (3) No certificate outlives the authority's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/identity.pb.h"
#include "core/identity/openssl.h"

namespace boardloop {

// Of certificates of workers, agents and servers, which renew theirs while they run.
inline constexpr absl::Duration kProgramLife = absl::Hours(24);
// Of users and operators, whose commands renew theirs: a weekend, or a vacation, must not lock them out.
inline constexpr absl::Duration kPersonLife = absl::Hours(24 * 30);
// How long a certificate of `identity` lives.
absl::Duration LifeOf(const v1::Identity& identity);
// Certificates are valid from a little before they were made: clocks of a farm differ.
inline constexpr absl::Duration kClockTolerance = absl::Minutes(10);

// Thread-safe: nothing of it changes.
class Authority {
 public:
  // What the folder has; made with the folder where there is none. Valid for ten years from then.
  //
  // FAILED_PRECONDITION  there is a part of an authority, or its key is not that of its certificate
  // and others as files fail
  static absl::StatusOr<Authority> LoadOrCreate(const std::string& folder, absl::Time now);
  // NOT_FOUND  there is none
  static absl::StatusOr<Authority> Load(const std::string& folder);

  // For the key of a request.
  //
  // INVALID_ARGUMENT  a request or an identity that is none
  absl::StatusOr<std::string> SignIdentity(const std::string& request, const v1::Identity& identity,
                                           absl::Time now) const;
  // For a server that is reached by these names: DNS names, or addresses of IPv4 and IPv6.
  //
  // INVALID_ARGUMENT  a request or a host that is none
  absl::StatusOr<std::string> SignServer(const std::string& request,
                                         const std::vector<std::string>& hosts,
                                         absl::Time now) const;

  const std::string& certificate() const { return certificate_pem_; }  // PEM.
  const std::string& sha256() const { return sha256_; }                // 32 bytes.

 private:
  Authority() = default;
  absl::StatusOr<std::string> Sign(const std::string& request, const std::string& name,
                                   const std::string& usage, const std::string& alternative_names,
                                   absl::Time now, absl::Duration life) const;

  UniqueKey key_;
  UniqueCertificate certificate_;
  std::string certificate_pem_;
  std::string sha256_;
  absl::Time not_after_;
};

}  // namespace boardloop
