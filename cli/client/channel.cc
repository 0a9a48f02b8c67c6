#include "cli/client/channel.h"

#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace boardloop {

std::string ServerFromEnvironment() {
  const char* server = std::getenv("BOARDLOOP_SERVER");
  return server != nullptr && *server != '\0' ? server : kDefaultServer;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || absl::StartsWith(host, "127.");
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port < 1 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the coordinator's address is \"%s\", must be HOST:PORT, like %s", address,
                        kDefaultServer));
  }
  if (!IsLoopback(address.substr(0, colon))) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the coordinator at %s is not on this machine: connections are not encrypted "
        "yet, so only loopback addresses are used (an SSH tunnel makes one)",
        address));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // Callers wait between their attempts; meanwhile a channel that waits longer would answer for a coordinator that is back.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

bool AwaitConnection(grpc::Channel& channel, absl::Duration limit) {
  return channel.WaitForConnected(absl::ToChronoTime(absl::Now() + limit));
}

void SetDeadline(grpc::ClientContext& context, absl::Duration deadline) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
}

}  // namespace boardloop
