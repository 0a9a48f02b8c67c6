#include "server/security/call_check.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/identity/identity_name.h"
#include "server/security/caller.h"
#include "server/security/method_roles.h"

namespace boardloop {
namespace {

// "/boardloop.v1.SearchService/GetSearch" as documents have it: "SearchService/GetSearch".
std::string MethodText(const std::string& path) {
  std::string text = Printable(path.substr(0, 200));
  for (const char* prefix : {"/boardloop.v1.", "/"}) {
    if (absl::StartsWith(text, prefix)) return text.substr(std::string(prefix).size());
  }
  return text;
}

}  // namespace

absl::Status CallCheck::Check(const std::string& path, const grpc::AuthContext& context) const {
  const MethodRoles* const method = FindMethodRoles(path);
  if (method == nullptr) {
    return absl::UnimplementedError(absl::StrCat("there is no method ", MethodText(path)));
  }
  if (!method->needs_certificate) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const std::optional<Certificate> certificate, PeerCertificate(context));
  if (!certificate.has_value() || !certificate->identity.has_value()) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "%s needs the certificate of an identity: `boardloop join` makes one", MethodText(path)));
  }
  const v1::Identity& caller = *certificate->identity;
  const absl::Time now = clock_.Now();
  BL_RETURN_IF_ERROR(
      CheckTime(*certificate, now, absl::StrCat("the certificate of ", IdentityText(caller))));
  BL_RETURN_IF_ERROR(identities_.Check(caller));
  identities_.Called(caller, certificate->not_after, now);
  const auto& roles = method->roles;
  if (std::find(roles.begin(), roles.end(), caller.role()) != roles.end()) return absl::OkStatus();
  const auto add_role = [](std::string* out, v1::Identity::Role role) {
    out->append(RoleName(role));
  };
  return absl::PermissionDeniedError(absl::StrFormat(
      "%s has the role %s, %s needs the role %s", IdentityText(caller), RoleName(caller.role()),
      MethodText(path), absl::StrJoin(roles, " or ", add_role)));
}

grpc::Status CallCheck::Process(const InputMetadata& metadata, grpc::AuthContext* context,
                                OutputMetadata* /*consumed*/, OutputMetadata* /*response*/) {
  const auto path = metadata.find(":path");
  const absl::Status status =
      path == metadata.end()
          ? absl::InternalError("the library does not say which method is called")
          : Check(std::string(path->second.data(), path->second.size()), *context);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

}  // namespace boardloop
