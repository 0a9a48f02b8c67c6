#include "cli/client/join.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "boardloop/v1/security_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/credentials.h"
#include "cli/client/explain.h"
#include "cli/client/grpc_status.h"
#include "cli/client/tls_probe.h"
#include "core/base/status.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "core/identity/key.h"

namespace boardloop {
namespace {

constexpr absl::Duration kProbe = absl::Seconds(10);
constexpr absl::Duration kCall = absl::Seconds(15);
constexpr int kAttempts = 3;

// The authority's certificate, as the server shows it: its hash says that it is the token's.
absl::StatusOr<std::string> FindAuthority(const std::string& address, const v1::JoinToken& token) {
  const absl::StatusOr<TlsProbe> probe = ProbeTls(address, nullptr, kProbe);
  if (absl::IsUnavailable(probe.status())) {
    return absl::UnavailableError(absl::StrFormat("no coordinator answers at %s (%s)", address,
                                                  std::string(probe.status().message())));
  }
  if (!probe.ok()) return probe.status();
  if (!probe->tls) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the server at %s does not speak TLS: a coordinator does with --tls, and without it nobody "
        "needs an identity",
        address));
  }
  for (const std::string& pem : probe->chain) {
    const absl::StatusOr<Certificate> certificate = ParseCertificate(pem);
    if (!certificate.ok() || certificate->sha256 != token.authority_sha256()) continue;
    if (!CheckIssuer(probe->chain[0], pem).ok()) continue;
    BL_RETURN_IF_ERROR(CheckServerCertificate(probe->chain[0], address));
    return pem;
  }
  return absl::UnauthenticatedError(absl::StrFormat(
      "the coordinator at %s is not the one that the join token is of: its authority is another, "
      "or the token was not copied as it is; the token was not sent",
      address));
}

absl::StatusOr<v1::JoinResponse> Call(const std::string& address, const std::string& authority,
                                      const v1::JoinRequest& request) {
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                      OpenChannelWith(address, TextCredentials(authority)));
  const auto stub = v1::SecurityService::NewStub(channel);
  absl::Status status;
  // The same key each time: a token is used once, however often we ask.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    grpc::ClientContext context;
    SetDeadline(context, kCall);
    context.set_wait_for_ready(attempt > 0);
    v1::JoinResponse response;
    status = FromGrpc(stub->Join(&context, request, &response), address);
    if (status.ok()) return response;
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) break;
  }
  return status;
}

}  // namespace

absl::StatusOr<v1::Identity> JoinCoordinator(const std::string& address, const std::string& token,
                                             const std::string& name, const std::string& folder,
                                             const std::string& default_name) {
  BL_ASSIGN_OR_RETURN(const v1::JoinToken parsed, ParseJoinToken(token));
  const bool named = !name.empty() || !parsed.name().empty();
  const std::string& asked = named ? name : default_name;
  if (!asked.empty()) BL_RETURN_IF_ERROR(CheckIdentityName(asked));
  BL_ASSIGN_OR_RETURN(const std::string authority, FindAuthority(address, parsed));
  IdentityFiles files;
  BL_ASSIGN_OR_RETURN(files.key, NewKey());
  v1::JoinRequest request;
  request.set_secret(parsed.secret());
  request.set_name(asked);
  BL_ASSIGN_OR_RETURN(*request.mutable_certificate_request(), MakeCertificateRequest(files.key));
  BL_RETURN_IF_ERROR(
      Annotate(PrepareIdentityFolder(folder), "the token was not used: the identity"));
  BL_ASSIGN_OR_RETURN(const v1::JoinResponse response, Call(address, authority, request));
  files.certificate = response.certificate();
  files.authority = authority;
  files.server = address;
  const auto broken = [&](const absl::Status& status) {
    return Annotate(status, absl::StrFormat("what the coordinator at %s answered", address));
  };
  BL_RETURN_IF_ERROR(broken(CheckKey(files.certificate, files.key)));
  BL_RETURN_IF_ERROR(broken(CheckIssuer(files.certificate, files.authority)));
  BL_RETURN_IF_ERROR(Annotate(WriteIdentity(folder, files), "the identity"));
  BL_RETURN_IF_ERROR(CheckUsable(folder, absl::Now()));
  return response.identity();
}

}  // namespace boardloop
