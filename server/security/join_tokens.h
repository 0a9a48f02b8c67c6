// Join tokens: made for operators, used by those who join.
//
// Invariants:
//   (1) Of a secret the store has the SHA-256 only.
//   (2) A use is counted in the transaction that allows it: a token with one use lets one key join, however many ask at once.
//   (3) The same key is one use: who repeats a call whose answer was lost is answered again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/identity.pb.h"
#include "boardloop/v1/security_service.pb.h"
#include "server/store/store.h"

namespace boardloop {

// As CreateTokenRequest says it. `authority_sha256` goes into the token.
//
// INVALID_ARGUMENT   a bad role, name or number
// PERMISSION_DENIED  the name was revoked
absl::StatusOr<v1::CreateTokenResponse> CreateJoinToken(Store& store,
                                                        const v1::CreateTokenRequest& request,
                                                        const std::string& authority_sha256,
                                                        absl::Time now);

// Counts a use of the token with this secret; gives who the key's holder is from now on.
// key_digest   of the public key that joins (core/identity/key.h)
//
// UNAUTHENTICATED    no such token, used up, or expired
// PERMISSION_DENIED  it is for another name, or the name was revoked
// INVALID_ARGUMENT   a bad name, or none where the token has none either
absl::StatusOr<v1::Identity> UseJoinToken(Store& store, const std::string& secret,
                                          const std::string& name, const std::string& key_digest,
                                          absl::Time now);

// Those that have not expired, by token_id. Statuses of Store::Read.
absl::StatusOr<std::vector<v1::JoinTokenInfo>> ListJoinTokens(Store& store, absl::Time now);

// NOT_FOUND  no such token
absl::Status DeleteJoinToken(Store& store, const std::string& token_id);

}  // namespace boardloop
