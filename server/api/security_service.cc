#include "server/api/security_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/client/grpc_status.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "glog/logging.h"
#include "server/api/page_token.h"
#include "server/security/caller.h"
#include "server/security/join_tokens.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr int32_t kPage = 100;

absl::Status NoTls() {
  return absl::FailedPreconditionError(
      "this coordinator serves without TLS: nobody has or needs an identity "
      "(`boardloop-server serve --tls` changes that)");
}

absl::StatusOr<v1::Identity> NeedCaller(const grpc::ServerContext& context) {
  std::optional<v1::Identity> caller = CallerOf(context);
  if (caller.has_value()) return *std::move(caller);
  return absl::UnauthenticatedError("a certificate is needed");
}

absl::StatusOr<v1::JoinResponse> DoJoin(const v1::JoinRequest& request, const Authority& authority,
                                        Store& store, absl::Time now) {
  BL_ASSIGN_OR_RETURN(const UniqueKey key, ParseCertificateRequest(request.certificate_request()));
  BL_ASSIGN_OR_RETURN(const std::string digest, KeyDigest(key.get()));
  v1::JoinResponse response;
  BL_ASSIGN_OR_RETURN(*response.mutable_identity(),
                      UseJoinToken(store, request.secret(), request.name(), digest, now));
  BL_ASSIGN_OR_RETURN(
      *response.mutable_certificate(),
      authority.SignIdentity(request.certificate_request(), response.identity(), now));
  response.set_authority(authority.certificate());
  return response;
}

template <typename Response>
grpc::Status Answer(absl::StatusOr<Response> answer, Response* response) {
  if (!answer.ok()) return ToGrpc(answer.status());
  *response = *std::move(answer);
  return grpc::Status::OK;
}

}  // namespace

grpc::Status SecurityService::Join(grpc::ServerContext* /*context*/, const v1::JoinRequest* request,
                                   v1::JoinResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  absl::StatusOr<v1::JoinResponse> joined =
      DoJoin(*request, tls_->authority(), store_, clock_.Now());
  if (joined.ok()) LOG(INFO) << IdentityText(joined->identity()) << " joined";
  return Answer(std::move(joined), response);
}

grpc::Status SecurityService::RenewCertificate(grpc::ServerContext* context,
                                               const v1::RenewCertificateRequest* request,
                                               v1::RenewCertificateResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<v1::Identity> caller = NeedCaller(*context);
  if (!caller.ok()) return ToGrpc(caller.status());
  absl::StatusOr<std::string> certificate =
      tls_->authority().SignIdentity(request->certificate_request(), *caller, clock_.Now());
  if (!certificate.ok()) return ToGrpc(certificate.status());
  response->set_certificate(*std::move(certificate));
  response->set_authority(tls_->authority().certificate());
  return grpc::Status::OK;
}

grpc::Status SecurityService::CreateToken(grpc::ServerContext* context,
                                          const v1::CreateTokenRequest* request,
                                          v1::CreateTokenResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<v1::Identity> caller = NeedCaller(*context);
  if (!caller.ok()) return ToGrpc(caller.status());
  absl::StatusOr<v1::CreateTokenResponse> token =
      CreateJoinToken(store_, *request, tls_->authority().sha256(), clock_.Now());
  if (token.ok()) {
    LOG(INFO) << IdentityText(*caller) << " made a token for " << RoleName(token->role()) << "/"
              << (token->name().empty() ? "any name" : token->name());
  }
  return Answer(std::move(token), response);
}

grpc::Status SecurityService::ListTokens(grpc::ServerContext* /*context*/,
                                         const v1::ListTokensRequest* request,
                                         v1::ListTokensResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<ListPage> page = ListPage::Of(*request, kPage, "tokens");
  if (!page.ok()) return ToGrpc(page.status());
  absl::StatusOr<std::vector<v1::JoinTokenInfo>> tokens = ListJoinTokens(store_, clock_.Now());
  if (!tokens.ok()) return ToGrpc(tokens.status());
  response->set_next_page_token(
      page->CutByName(*tokens, [](const v1::JoinTokenInfo& token) { return token.token_id(); }));
  *response->mutable_tokens() = {tokens->begin(), tokens->end()};
  return grpc::Status::OK;
}

grpc::Status SecurityService::DeleteToken(grpc::ServerContext* context,
                                          const v1::DeleteTokenRequest* request,
                                          google::protobuf::Empty* /*response*/) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<v1::Identity> caller = NeedCaller(*context);
  if (!caller.ok()) return ToGrpc(caller.status());
  const absl::Status deleted = DeleteJoinToken(store_, request->token_id());
  if (deleted.ok()) {
    LOG(INFO) << IdentityText(*caller) << " deleted the token " << request->token_id();
  }
  return ToGrpc(deleted);
}

grpc::Status SecurityService::ListIdentities(grpc::ServerContext* /*context*/,
                                             const v1::ListIdentitiesRequest* request,
                                             v1::ListIdentitiesResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<ListPage> page = ListPage::Of(*request, kPage, "identities");
  if (!page.ok()) return ToGrpc(page.status());
  absl::StatusOr<std::vector<v1::KnownIdentity>> known = tls_->identities().List();
  if (!known.ok()) return ToGrpc(known.status());
  response->set_next_page_token(page->CutByName(
      *known, [](const v1::KnownIdentity& row) { return IdentityText(row.identity()); }));
  *response->mutable_identities() = {known->begin(), known->end()};
  return grpc::Status::OK;
}

grpc::Status SecurityService::RevokeIdentity(grpc::ServerContext* context,
                                             const v1::RevokeIdentityRequest* request,
                                             v1::RevokeIdentityResponse* response) {
  if (tls_ == nullptr) return ToGrpc(NoTls());
  const absl::StatusOr<v1::Identity> caller = NeedCaller(*context);
  if (!caller.ok()) return ToGrpc(caller.status());
  const absl::Status valid = CheckIdentity(request->identity());
  if (!valid.ok()) return ToGrpc(valid);
  const std::string text = IdentityText(request->identity());
  if (text == IdentityText(*caller)) {
    return ToGrpc(absl::FailedPreconditionError(
        absl::StrCat(text, " is who asks: another operator must revoke it")));
  }
  const absl::StatusOr<absl::Time> revoked =
      tls_->identities().Revoke(request->identity(), request->allow_missing(), clock_.Now());
  if (!revoked.ok()) return ToGrpc(revoked.status());
  LOG(INFO) << IdentityText(*caller) << " revoked " << text;
  *response->mutable_revoke_time() = ToTimestamp(*revoked);
  return grpc::Status::OK;
}

}  // namespace boardloop
