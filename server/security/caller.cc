#include "server/security/caller.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/text.h"
#include "core/identity/identity_name.h"
#include "grpc/grpc_security_constants.h"

namespace boardloop {

absl::StatusOr<std::optional<Certificate>> PeerCertificate(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> shown =
      context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (shown.empty()) return std::nullopt;
  absl::StatusOr<Certificate> certificate =
      ParseCertificate(std::string(shown[0].data(), shown[0].size()));
  if (!certificate.ok()) {
    return absl::UnauthenticatedError(std::string(certificate.status().message()));
  }
  return *std::move(certificate);
}

std::optional<v1::Identity> CallerOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> authenticated = context.auth_context();
  if (authenticated == nullptr) return std::nullopt;
  const absl::StatusOr<std::optional<Certificate>> certificate = PeerCertificate(*authenticated);
  if (!certificate.ok() || !certificate->has_value()) return std::nullopt;
  return (*certificate)->identity;
}

absl::Status CheckMember(const v1::Identity& caller, const v1::SynchronizeRequest& request) {
  const std::string name = absl::StrCat("members/", caller.name());
  if (request.member() != name) {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s may call Synchronize as %s only, not as %s", IdentityText(caller), name,
                        Printable(request.member().substr(0, 100))));
  }
  const v1::Member::Kind kind =
      caller.role() == v1::Identity::WORKER ? v1::Member::WORKER : v1::Member::AGENT;
  if (request.kind() == kind) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("%s may call Synchronize as a %s only, not as %s", IdentityText(caller),
                      v1::Member::Kind_Name(kind), v1::Member::Kind_Name(request.kind())));
}

}  // namespace boardloop
