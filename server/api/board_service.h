// BoardService (proto/boardloop/v1/board_service.proto) on the store.
#pragma once

#include <functional>
#include <string>

#include "boardloop/v1/board_service.grpc.pb.h"
#include "server/scheduler/scheduler.h"

namespace boardloop {

class BoardService final : public v1::BoardService::Service {
 public:
  // Nothing is owned.
  BoardService(Store& store, const Scheduler& scheduler, const Clock& clock)
      : store_(store), scheduler_(scheduler), clock_(clock) {}

  grpc::Status GetBoard(grpc::ServerContext* context, const v1::GetBoardRequest* request,
                        v1::Board* response) override;
  grpc::Status ListBoards(grpc::ServerContext* context, const v1::ListBoardsRequest* request,
                          v1::ListBoardsResponse* response) override;
  grpc::Status DrainBoard(grpc::ServerContext* context, const v1::DrainBoardRequest* request,
                          v1::Board* response) override;
  grpc::Status QuarantineBoard(grpc::ServerContext* context,
                               const v1::QuarantineBoardRequest* request,
                               v1::Board* response) override;
  grpc::Status ReturnBoard(grpc::ServerContext* context, const v1::ReturnBoardRequest* request,
                           v1::Board* response) override;
  grpc::Status ListBoardTypes(grpc::ServerContext* context,
                              const v1::ListBoardTypesRequest* request,
                              v1::ListBoardTypesResponse* response) override;
  grpc::Status ListMembers(grpc::ServerContext* context, const v1::ListMembersRequest* request,
                           v1::ListMembersResponse* response) override;

 private:
  // Runs `change` on a board's row, and stores it with an event if it is another one then.
  absl::Status Change(const std::string& name, const std::string& etag,
                      const std::function<absl::Status(v1::Board&)>& change, v1::Board& response);

  Store& store_;
  const Scheduler& scheduler_;
  const Clock& clock_;
};

}  // namespace boardloop
