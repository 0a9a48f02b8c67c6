// The coordinator that runs in a state folder, as the commands of its own program reach it: who can read the folder may do everything.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace boardloop {

struct OwnCoordinator {
  enum class As { kNobody, kOperator };

  std::string address;
  std::shared_ptr<grpc::Channel> channel;
};

// By the folder's address file, or at `server` where that is not empty. Where TLS is spoken there, the folder's authority makes the
// credentials: it knows its coordinator, and signs an operator's certificate for this one connection.
//
// NOT_FOUND            no address file, or TLS and no authority in the folder
// UNAVAILABLE          nobody answers
// FAILED_PRECONDITION  an address that is not loopback, without TLS
absl::StatusOr<OwnCoordinator> FindOwnCoordinator(const std::string& state_folder,
                                                  const std::string& server, OwnCoordinator::As as);

// What the folder's address file says, as this machine can connect to it: 127.0.0.1 for 0.0.0.0.
//
// NOT_FOUND  there is none
absl::StatusOr<std::string> OwnAddress(const std::string& state_folder);

// A line on standard error where no coordinator has served in the folder yet: it may be meant so, or be a slip in --state.
void SayIfNoneServed(const std::string& state_folder);

}  // namespace boardloop
