// Identities and join tokens as people read them.
#pragma once

#include "absl/time/time.h"
#include "boardloop/v1/security_service.pb.h"
#include "cli/table.h"

namespace boardloop {

using KnownIdentities = google::protobuf::RepeatedPtrField<v1::KnownIdentity>;
using JoinTokens = google::protobuf::RepeatedPtrField<v1::JoinTokenInfo>;

Table IdentitiesTable(const KnownIdentities& identities, absl::Time now);

// The newest first.
Table TokensTable(const JoinTokens& tokens, absl::Time now);

}  // namespace boardloop
