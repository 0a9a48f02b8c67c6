// A connection to a coordinator.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

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

// Connects when first used, and again whenever needed. Loopback only: there is no TLS yet.
//
// INVALID_ARGUMENT     not host:port, or port 0
// FAILED_PRECONDITION  another host than this one
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address);

// Waits until the channel is connected, at most `limit`; whether it is.
//
// Calls of this library that fail at once drive no connection: between them it is looked at only every 5 s.
bool AwaitConnection(grpc::Channel& channel, absl::Duration limit);

// No call is without a deadline.
void SetDeadline(grpc::ClientContext& context, absl::Duration deadline);

// Whether an address is one of this machine's loopback addresses.
bool IsLoopback(const std::string& host);

}  // namespace boardloop
