// As whom a worker or a device agent serves.
#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "boardloop/v1/identity.pb.h"
#include "cli/client/target.h"

namespace boardloop {

struct MemberFlags {
  TargetFlags target;
  std::string name;             // Empty: the identity's, else the host's.
  std::string join_token_file;  // Empty: none.
};

// --server, --identity, --name, --join-token-file
void AddMemberFlags(CLI::App& command, MemberFlags& flags);

struct MemberTarget {
  Target target;
  std::string member;  // "members/{name}"
};

// Joins first where there is a token file, and no identity in the folder that can be used. The folder is what --identity or
// BOARDLOOP_IDENTITY says, else `own_folder`; a user's own identity is left alone where there is a token file.
// suffix   of the default name: "worker"
//
// INVALID_ARGUMENT     a name that is not the identity's; and as JoinCoordinator
// FAILED_PRECONDITION  an identity of another role
// and others of FindTarget and JoinCoordinator
absl::StatusOr<MemberTarget> PrepareMember(const MemberFlags& flags, v1::Identity::Role role,
                                           const std::string& suffix, const std::string& own_folder,
                                           const std::function<void(const std::string& line)>& log);

}  // namespace boardloop
