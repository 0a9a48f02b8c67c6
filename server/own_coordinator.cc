#include "server/own_coordinator.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "cli/client/credentials.h"
#include "cli/client/tls_probe.h"
#include "cli/output.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/identity/authority.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "core/identity/key.h"
#include "server/coordinator.h"
#include "server/security/server_tls.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxAddress = 1000;
constexpr absl::Duration kAnswer = absl::Seconds(2);

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> OwnCredentials(
    const std::string& state_folder, OwnCoordinator::As as) {
  BL_ASSIGN_OR_RETURN(const Authority authority, Authority::Load(AuthorityFolderIn(state_folder)));
  if (as == OwnCoordinator::As::kNobody) return TextCredentials(authority.certificate());
  BL_ASSIGN_OR_RETURN(const std::string key, NewKey());
  BL_ASSIGN_OR_RETURN(const std::string request, MakeCertificateRequest(key));
  // A name that nobody has revoked.
  BL_ASSIGN_OR_RETURN(const std::string random, NewSecret());
  const std::string name =
      absl::StrCat(kOwnProgramPrefix, absl::BytesToHexString(random.substr(0, 8)));
  BL_ASSIGN_OR_RETURN(
      const std::string certificate,
      authority.SignIdentity(request, MakeIdentity(v1::Identity::OPERATOR, name), absl::Now()));
  return TextCredentials(authority.certificate(), key, certificate);
}

}  // namespace

absl::StatusOr<std::string> OwnAddress(const std::string& state_folder) {
  const absl::StatusOr<std::string> text = ReadFile(AddressFileIn(state_folder), kMaxAddress);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(absl::StrCat("no coordinator has served in ", state_folder));
  }
  if (!text.ok()) return text.status();
  std::string address(absl::StripAsciiWhitespace(*text));
  BL_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  if (parsed.host == "0.0.0.0") return absl::StrCat("127.0.0.1:", parsed.port);
  if (parsed.host == "[::]") return absl::StrCat("[::1]:", parsed.port);
  return address;
}

void SayIfNoneServed(const std::string& state_folder) {
  if (!absl::IsNotFound(OwnAddress(state_folder).status())) return;
  WriteMessage(absl::StrFormat(
      "no coordinator has served in %s yet: this is for one that will, with --state %s",
      state_folder, state_folder));
}

absl::StatusOr<OwnCoordinator> FindOwnCoordinator(const std::string& state_folder,
                                                  const std::string& server,
                                                  OwnCoordinator::As as) {
  OwnCoordinator own;
  own.address = server;
  if (server.empty()) {
    BL_ASSIGN_OR_RETURN(own.address, OwnAddress(state_folder));
  }
  BL_ASSIGN_OR_RETURN(const TlsProbe probe, ProbeTls(own.address, nullptr, kAnswer));
  if (probe.tls) {
    BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ChannelCredentials> credentials,
                        OwnCredentials(state_folder, as));
    // Whatever the address is called here: the authority is what counts, and each of its servers is also localhost.
    BL_ASSIGN_OR_RETURN(own.channel, OpenChannelWith(own.address, credentials, "localhost"));
  } else {
    BL_ASSIGN_OR_RETURN(own.channel, OpenChannel(own.address));
  }
  if (AwaitConnection(*own.channel, kAnswer)) return own;
  return absl::UnavailableError(absl::StrFormat(
      "the coordinator at %s does not take a connection%s", own.address,
      probe.tls ? absl::StrCat(" with the authority in ", AuthorityFolderIn(state_folder)) : ""));
}

}  // namespace boardloop
