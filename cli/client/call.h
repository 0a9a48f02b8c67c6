// One RPC of a transfer: its deadline, and that it ends when the transfer is cancelled.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "cli/client/artifact_client.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "cli/client/retry.h"
#include "core/base/cancellation.h"
#include "grpcpp/client_context.h"

namespace boardloop {

class Call {
 public:
  Call(const ArtifactClient::Options& options, const TransferOptions& transfer)
      : address_(options.address) {
    SetDeadline(context_, options.call_deadline);
    if (transfer.cancellation == nullptr) return;
    hook_ = std::make_unique<Cancellation::Hook>(*transfer.cancellation,
                                                 [this] { context_.TryCancel(); });
  }

  grpc::ClientContext& context() { return context_; }
  absl::Status Result(const grpc::Status& status) const { return FromGrpc(status, address_); }

 private:
  const std::string& address_;
  grpc::ClientContext context_;
  std::unique_ptr<Cancellation::Hook> hook_;  // Last: it goes before the context.
};

inline RetryOptions RetryOf(const ArtifactClient::Options& options,
                            const TransferOptions& transfer) {
  RetryOptions retry;
  retry.attempts = options.attempts;
  retry.first_backoff = options.first_backoff;
  retry.max_backoff = options.max_backoff;
  retry.sleep = options.sleep;
  retry.cancellation = transfer.cancellation;
  return retry;
}

}  // namespace boardloop
