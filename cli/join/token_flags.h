// The flags and the output of `token`, which two programs have.
#pragma once

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "boardloop/v1/security_service.pb.h"

namespace boardloop {

struct TokenFlags {
  v1::Identity::Role role = v1::Identity::ROLE_UNSPECIFIED;
  std::string name;
  int32_t uses = 1;
  int32_t hours = 1;
};

// --role ROLE, --name NAME, --uses N, --hours H
void AddTokenFlags(CLI::App& command, TokenFlags& flags);

v1::CreateTokenRequest TokenRequest(const TokenFlags& flags);

// The token alone on standard output, so that `$(...)` takes it; what it is for on standard error. With `json` one object.
absl::Status WriteToken(const v1::CreateTokenResponse& token, bool json);

}  // namespace boardloop
