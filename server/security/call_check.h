// The check of every call of a coordinator that serves TLS, before any handler sees it.
//
// Invariant: a handler runs only for a method that everybody may call, or for a caller whose certificate is valid now, was not revoked,
// and whose role may call the method.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "server/security/identities.h"

namespace boardloop {

class CallCheck final : public grpc::AuthMetadataProcessor {
 public:
  // Neither is owned.
  CallCheck(Identities& identities, const Clock& clock) : identities_(identities), clock_(clock) {}

  bool IsBlocking() const override { return false; }  // It waits for nothing.
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context,
                       OutputMetadata* consumed, OutputMetadata* response) override;

  // UNAUTHENTICATED    no certificate, or one that is not valid now
  // PERMISSION_DENIED  revoked, or of a role that may not; the message names role, method and who may
  // UNIMPLEMENTED      no such method
  absl::Status Check(const std::string& path, const grpc::AuthContext& context) const;

 private:
  Identities& identities_;
  const Clock& clock_;
};

}  // namespace boardloop
