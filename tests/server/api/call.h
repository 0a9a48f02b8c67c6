// One call over a channel: Call(channel, &v1::SearchService::Stub::GetSearch, request).
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"

namespace boardloop {

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const std::shared_ptr<grpc::Channel>& channel,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  Stub stub(channel);
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  Response response;
  absl::Status status = FromGrpc((stub.*method)(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

}  // namespace boardloop
