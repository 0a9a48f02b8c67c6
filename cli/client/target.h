// Which coordinator, and as whom: --server and --identity, the environment, and what `boardloop join` left.
#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace boardloop {

// As given on the command line; empty: not.
struct TargetFlags {
  std::string server, identity;
};

// --server HOST:PORT, --identity DIR
void AddTarget(CLI::App& command, TargetFlags& flags);

struct Target {
  std::string address;
  std::string identity;  // A folder; empty: none, and no TLS.
};

// The identity: --identity, else BOARDLOOP_IDENTITY ("none": none), else that in `own_folder`, where one is given, or in the default
// folder, where its `server` is the address that was asked for, or none was asked for. The address: --server, else BOARDLOOP_SERVER, else the identity's, else kDefaultServer.
//
// INVALID_ARGUMENT  an address that is none
// NOT_FOUND and others of ReadIdentity, for an identity that was asked for
absl::StatusOr<Target> FindTarget(const TargetFlags& flags, const std::string& own_folder = "");

// --identity, else BOARDLOOP_IDENTITY; "none" where none shall be used, empty where neither says.
std::string AskedIdentity(const TargetFlags& flags);

}  // namespace boardloop
