// Joining a coordinator: a token and a key that is made here become an identity folder.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/identity.pb.h"

namespace boardloop {

// Gives the token's secret only to a server that proves to have the authority that the token names. `name`: of the identity; empty:
// the token's, and where that has none `default_name`.
//
// INVALID_ARGUMENT     not a token; a bad name, or none at all
// UNAUTHENTICATED      another coordinator than the token's answers; or it refuses the token: unknown, used up, expired
// FAILED_PRECONDITION  the coordinator serves without TLS
// PERMISSION_DENIED    the token is for another name, or that was revoked
// UNAVAILABLE          nobody answers
// and others as files fail
absl::StatusOr<v1::Identity> JoinCoordinator(const std::string& address, const std::string& token,
                                             const std::string& name, const std::string& folder,
                                             const std::string& default_name = "");

}  // namespace boardloop
