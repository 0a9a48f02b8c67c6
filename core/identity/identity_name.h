// Roles and names, as text: "worker/lab-3" for people, "spiffe://boardloop/worker/lab-3" in a certificate.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/identity.pb.h"

namespace boardloop {

// "user", "operator", "worker", "agent".
std::string RoleName(v1::Identity::Role role);
// INVALID_ARGUMENT  not one of them; the message names all
absl::StatusOr<v1::Identity::Role> ParseRole(const std::string& text);

// 1 to 63 of letters, digits, '.', '_', '-', beginning with a letter or digit: safe in paths, URIs and logs.
//
// INVALID_ARGUMENT  not such a name
absl::Status CheckIdentityName(const std::string& name);
// The same of the name, and that there is a role.
absl::Status CheckIdentity(const v1::Identity& identity);

// What the names of operators begin with that the coordinator's own programs are for the time of a call.
inline constexpr char kOwnProgramPrefix[] = "local-";

v1::Identity MakeIdentity(v1::Identity::Role role, const std::string& name);

// "worker/lab-3"
std::string IdentityText(const v1::Identity& identity);
// INVALID_ARGUMENT  not ROLE/NAME
absl::StatusOr<v1::Identity> ParseIdentityText(const std::string& text);

// "spiffe://boardloop/worker/lab-3"
std::string IdentityUri(const v1::Identity& identity);
// INVALID_ARGUMENT  not such a URI
absl::StatusOr<v1::Identity> ParseIdentityUri(const std::string& uri);

}  // namespace boardloop
