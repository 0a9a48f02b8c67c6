// SecurityService (proto/boardloop/v1/security_service.proto) on the authority and the store. CallCheck has seen each call before.
#pragma once

#include "boardloop/v1/security_service.grpc.pb.h"
#include "core/base/clock.h"
#include "server/security/server_tls.h"
#include "server/store/store.h"

namespace boardloop {

class SecurityService final : public v1::SecurityService::Service {
 public:
  // None is owned. `tls` is nullptr where the coordinator serves without.
  SecurityService(ServerTls* tls, Store& store, const Clock& clock)
      : tls_(tls), store_(store), clock_(clock) {}

  grpc::Status Join(grpc::ServerContext* context, const v1::JoinRequest* request,
                    v1::JoinResponse* response) override;
  grpc::Status RenewCertificate(grpc::ServerContext* context,
                                const v1::RenewCertificateRequest* request,
                                v1::RenewCertificateResponse* response) override;
  grpc::Status CreateToken(grpc::ServerContext* context, const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override;
  grpc::Status ListTokens(grpc::ServerContext* context, const v1::ListTokensRequest* request,
                          v1::ListTokensResponse* response) override;
  grpc::Status DeleteToken(grpc::ServerContext* context, const v1::DeleteTokenRequest* request,
                           google::protobuf::Empty* response) override;
  grpc::Status ListIdentities(grpc::ServerContext* context,
                              const v1::ListIdentitiesRequest* request,
                              v1::ListIdentitiesResponse* response) override;
  grpc::Status RevokeIdentity(grpc::ServerContext* context,
                              const v1::RevokeIdentityRequest* request,
                              v1::RevokeIdentityResponse* response) override;

 private:
  ServerTls* const tls_;
  Store& store_;
  const Clock& clock_;
};

}  // namespace boardloop
