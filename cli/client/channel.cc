#include "cli/client/channel.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/credentials.h"
#include "core/base/status.h"
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

absl::StatusOr<HostPort> ParseHostPort(const std::string& address) {
  const auto refused = [&](const std::string& problem) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the address \"%s\" %s: HOST:PORT is needed, like %s", address, problem, kDefaultServer));
  };
  const size_t scheme = address.find("://");
  if (scheme != std::string::npos) {
    return refused(absl::StrFormat("begins with a scheme, %s", address.substr(0, scheme + 3)));
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return refused("has no port");
  HostPort result{address.substr(0, colon), 0};
  if (result.host.empty()) return refused("has no host");
  const std::string port = address.substr(colon + 1);
  const bool digits = !port.empty() && std::all_of(port.begin(), port.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(port, &result.port) || result.port > 65535) {
    return refused("has no port in [0, 65535]");
  }
  return result;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address,
                                                           const std::string& identity) {
  BL_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  if (!identity.empty()) {
    BL_RETURN_IF_ERROR(CheckUsable(identity, absl::Now()));
    return OpenChannelWith(address, FolderCredentials(identity));
  }
  if (!IsLoopback(parsed.host)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the coordinator at %s is not on this machine, and there is no identity for it: "
        "`boardloop join %s TOKEN` makes one, --identity DIR names one",
        address, address));
  }
  return OpenChannelWith(address, grpc::InsecureChannelCredentials());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannelWith(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const std::string& server_name) {
  BL_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  if (parsed.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the address \"%s\" has port 0, at which nobody serves", address));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // Callers wait between their attempts; meanwhile a channel that waits longer would answer for a coordinator that is back.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  if (!server_name.empty()) arguments.SetSslTargetNameOverride(server_name);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

bool AwaitConnection(grpc::Channel& channel, absl::Duration limit) {
  return channel.WaitForConnected(absl::ToChronoTime(absl::Now() + limit));
}

void SetDeadline(grpc::ClientContext& context, absl::Duration deadline) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
}

}  // namespace boardloop
