// TaskService (proto/boardloop/v1/task_service.proto) on the scheduler.
#pragma once

#include "boardloop/v1/task_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "server/scheduler/scheduler.h"

namespace boardloop {

class TaskService final : public v1::TaskService::Service {
 public:
  explicit TaskService(Scheduler& scheduler) : scheduler_(scheduler) {}  // Not owned.

  grpc::Status Synchronize(grpc::ServerContext* /*context*/, const v1::SynchronizeRequest* request,
                           v1::SynchronizeResponse* response) override {
    absl::StatusOr<v1::SynchronizeResponse> answer = scheduler_.Synchronize(*request);
    if (!answer.ok()) return ToGrpc(answer.status());
    *response = *std::move(answer);
    return grpc::Status::OK;
  }

 private:
  Scheduler& scheduler_;
};

}  // namespace boardloop
