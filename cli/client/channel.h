// A connection to a coordinator.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"

namespace boardloop {

inline constexpr char kDefaultServer[] = "127.0.0.1:7411";

// The environment's BOARDLOOP_SERVER, else kDefaultServer.
std::string ServerFromEnvironment();

struct HostPort {
  std::string host;  // As it was written: "127.0.0.1", "[::1]".
  int port = 0;      // In [0, 65535].
};

// INVALID_ARGUMENT  not HOST:PORT, with a scheme, or a port that there is not: gRPC takes 99999 for 34463
absl::StatusOr<HostPort> ParseHostPort(const std::string& address);

// Connects when first used, and again whenever needed. With the identity in a folder the connection is TLS, and takes what the folder
// has when it is made; without one ("") it is not encrypted, and on loopback only.
//
// INVALID_ARGUMENT     not host:port, or port 0; a damaged identity
// FAILED_PRECONDITION  another host than this one, without an identity
// NOT_FOUND            no identity in the folder
// UNAUTHENTICATED      an identity that has expired
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address,
                                                           const std::string& identity = "");

// The same with credentials of any kind. `server_name`: what the certificate must be for, where that is not the address's host.
//
// INVALID_ARGUMENT  as above
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannelWith(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const std::string& server_name = "");

// Waits until the channel is connected, at most `limit`; whether it is.
//
// Calls of this library that fail at once drive no connection: between them it is looked at only every 5 s.
bool AwaitConnection(grpc::Channel& channel, absl::Duration limit);

// No call is without a deadline.
void SetDeadline(grpc::ClientContext& context, absl::Duration deadline);

// Whether an address is one of this machine's loopback addresses.
bool IsLoopback(const std::string& host);

}  // namespace boardloop
