// One upload of ArtifactClient: its attempts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "cli/client/artifact_client.h"

namespace boardloop {

// What is uploaded: at most `bytes` of it from `offset`. The same bytes at each call.
using ReadPiece = std::function<absl::StatusOr<std::string>(int64_t offset, int64_t bytes)>;

class UploadAttempts {
 public:
  // References are not owned.
  UploadAttempts(v1::ArtifactService::Stub& stub, const ArtifactClient::Options& options,
                 const TransferOptions& transfer, std::string name, int64_t size_bytes,
                 const ReadPiece& read)
      : stub_(stub),
        options_(options),
        transfer_(transfer),
        name_(std::move(name)),
        size_bytes_(size_bytes),
        read_(read) {}

  absl::Status Run();

 private:
  absl::Status Attempt(bool& progress);
  // Where to go on; the size when it is complete.
  absl::StatusOr<int64_t> Committed(bool& complete);
  absl::Status Send(int64_t offset);
  // OK: all has been written, or the other side wants no more; its status follows.
  absl::Status WritePieces(grpc::ClientWriter<v1::WriteArtifactRequest>& writer, int64_t offset);
  void Report(int64_t done_bytes) const;

  v1::ArtifactService::Stub& stub_;
  const ArtifactClient::Options& options_;
  const TransferOptions& transfer_;
  const std::string name_;
  const int64_t size_bytes_;
  const ReadPiece& read_;
  int64_t furthest_ = 0;    // That any attempt found committed.
  bool restarted_ = false;  // From the beginning, because what was there was wrong.
};

}  // namespace boardloop
