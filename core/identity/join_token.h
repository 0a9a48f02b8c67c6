// Join tokens as text.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/join_token.pb.h"

namespace boardloop {

// 32 random bytes.
absl::StatusOr<std::string> NewSecret();

// "bl1-..."
std::string JoinTokenText(const v1::JoinToken& token);

// Takes spaces and line ends around the text.
//
// INVALID_ARGUMENT  not a whole token; the message never holds any of it
absl::StatusOr<v1::JoinToken> ParseJoinToken(const std::string& text);

// SHA-256 of a secret, 64 hexadecimal digits: what a coordinator knows a token by.
std::string SecretDigest(const std::string& secret);

}  // namespace boardloop
