// TaskService (proto/boardloop/v1/task_service.proto) on the scheduler. With TLS a caller is the member of its certificate.
#pragma once

#include <optional>

#include "boardloop/v1/task_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "server/scheduler/scheduler.h"
#include "server/security/caller.h"

namespace boardloop {

class TaskService final : public v1::TaskService::Service {
 public:
  explicit TaskService(Scheduler& scheduler) : scheduler_(scheduler) {}  // Not owned.

  grpc::Status Synchronize(grpc::ServerContext* context, const v1::SynchronizeRequest* request,
                           v1::SynchronizeResponse* response) override {
    const std::optional<v1::Identity> caller = CallerOf(*context);
    if (caller.has_value()) {
      const absl::Status member = CheckMember(*caller, *request);
      if (!member.ok()) return ToGrpc(member);
    }
    absl::StatusOr<v1::SynchronizeResponse> answer = scheduler_.Synchronize(*request);
    if (!answer.ok()) return ToGrpc(answer.status());
    *response = *std::move(answer);
    return grpc::Status::OK;
  }

 private:
  Scheduler& scheduler_;
};

}  // namespace boardloop
