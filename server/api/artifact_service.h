// The RPCs of artifacts, on top of ArtifactFiles.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/sync_stream.h"
#include "server/artifacts/artifact_files.h"

namespace boardloop {

// Thread-safe.
class ArtifactService final : public v1::ArtifactService::Service {
 public:
  // `files` is not owned.
  explicit ArtifactService(ArtifactFiles& files) : files_(files) {}

  grpc::Status WriteArtifact(grpc::ServerContext* context,
                             grpc::ServerReader<v1::WriteArtifactRequest>* reader,
                             v1::Artifact* response) override;
  grpc::Status GetUpload(grpc::ServerContext* context, const v1::GetUploadRequest* request,
                         v1::Upload* response) override;
  grpc::Status ReadArtifact(grpc::ServerContext* context, const v1::ReadArtifactRequest* request,
                            grpc::ServerWriter<v1::ReadArtifactResponse>* writer) override;
  grpc::Status GetArtifact(grpc::ServerContext* context, const v1::GetArtifactRequest* request,
                           v1::Artifact* response) override;

 private:
  absl::Status Write(const grpc::ServerContext& context,
                     grpc::ServerReader<v1::WriteArtifactRequest>& reader, v1::Artifact& response);
  absl::Status Receive(const grpc::ServerContext& context, v1::WriteArtifactRequest& request,
                       grpc::ServerReader<v1::WriteArtifactRequest>& reader,
                       ArtifactUpload& upload);
  absl::Status FindUpload(const std::string& name, v1::Upload& response);
  absl::Status Read(const v1::ReadArtifactRequest& request,
                    grpc::ServerWriter<v1::ReadArtifactResponse>& writer);
  absl::Status Get(const std::string& name, v1::Artifact& response);

  ArtifactFiles& files_;
};

}  // namespace boardloop
