// AdminService (proto/boardloop/v1/admin_service.proto) on the store.
#pragma once

#include <filesystem>

#include "absl/strings/str_format.h"
#include "boardloop/v1/admin_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "server/store/store.h"

namespace boardloop {

class AdminService final : public v1::AdminService::Service {
 public:
  explicit AdminService(Store& store) : store_(store) {}  // Not owned.

  grpc::Status BackUpDatabase(grpc::ServerContext* /*context*/,
                              const v1::BackUpDatabaseRequest* request,
                              v1::BackUpDatabaseResponse* /*response*/) override {
    if (!std::filesystem::path(request->path()).is_absolute()) {
      return ToGrpc(absl::InvalidArgumentError(
          absl::StrFormat("path is \"%s\", must be absolute", request->path())));
    }
    return ToGrpc(store_.Backup(request->path()));
  }

 private:
  Store& store_;
};

}  // namespace boardloop
