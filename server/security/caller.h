// Who calls, by the certificate of the connection.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/identity.pb.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/identity/certificate.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"

namespace boardloop {

// The certificate that the client has shown in the handshake, which has checked that the authority signed it; nullopt: none.
//
// UNAUTHENTICATED  one that is not of this program
absl::StatusOr<std::optional<Certificate>> PeerCertificate(const grpc::AuthContext& context);

// nullopt: a connection without TLS, or without a certificate.
std::optional<v1::Identity> CallerOf(const grpc::ServerContextBase& context);

// Whether `caller` may speak for the member of a request: it is that member, and of its kind.
//
// PERMISSION_DENIED  the message says who is who
absl::Status CheckMember(const v1::Identity& caller, const v1::SynchronizeRequest& request);

}  // namespace boardloop
