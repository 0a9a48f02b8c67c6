// Uploads to and downloads from a coordinator's artifacts.
//
// A transfer that is cut off goes on where it was: the coordinator may be restarted in the middle of one. What arrives is
// checked against the name, so a file that exists after a download is right.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "core/base/cancellation.h"
#include "core/base/sha256.h"
#include "grpcpp/impl/codegen/channel_interface.h"

namespace boardloop {

// Of one call; everything may be left out.
struct TransferOptions {
  // Called after each piece, by the thread that called: how much of the file is there, and how much it has.
  std::function<void(int64_t done_bytes, int64_t total_bytes)> progress;
  Cancellation* cancellation = nullptr;  // Not owned.
};

// Thread-safe. Everywhere:
// CANCELLED    as asked
// UNAVAILABLE  no answer, or none that gets further, after all attempts
class ArtifactClient {
 public:
  struct Options {
    std::string address;  // For messages: where the coordinator was looked for.
    int attempts = 8;     // In a row, without a byte that got through.
    absl::Duration first_backoff = absl::Milliseconds(200);  // Doubled from attempt to attempt.
    absl::Duration max_backoff = absl::Seconds(10);
    // Of one call. One that takes longer is continued with another.
    absl::Duration call_deadline = absl::Minutes(10);
    // Waits between attempts; the default ends early when the transfer is cancelled.
    std::function<void(absl::Duration)> sleep;
  };

  explicit ArtifactClient(const std::shared_ptr<grpc::ChannelInterface>& channel);
  ArtifactClient(const std::shared_ptr<grpc::ChannelInterface>& channel, Options options);

  // Stores a file and returns its name, `artifacts/{sha256}`. One that is already there is not sent.
  //
  // NOT_FOUND and others  as the operating system says of the file
  // INVALID_ARGUMENT      not a regular file
  // RESOURCE_EXHAUSTED    larger than the coordinator takes, or it has no room
  // DATA_LOSS             the file changed meanwhile
  absl::StatusOr<std::string> Upload(const std::string& path, const TransferOptions& transfer = {});
  absl::StatusOr<std::string> UploadBytes(std::string_view bytes,
                                          const TransferOptions& transfer = {});

  // Writes an artifact to `path`, through a file beside it whose name ends in ".partial": `path` is absent or as before until the
  // end. After CANCELLED and UNAVAILABLE that file stays, and the next call goes on with it.
  //
  // INVALID_ARGUMENT    not a name of an artifact, or `path` is not a regular file
  // NOT_FOUND           no such artifact, or no folder for `path`
  // DATA_LOSS           what the coordinator has is not what the name says
  // RESOURCE_EXHAUSTED  the disk is full; nothing is left behind
  absl::Status Download(const std::string& name, const std::string& path,
                        const TransferOptions& transfer = {});

  // The content. Errors as of Download.
  //
  // RESOURCE_EXHAUSTED  larger than `max_bytes`
  absl::StatusOr<std::string> Read(const std::string& name, int64_t max_bytes = int64_t{256} << 20,
                                   const TransferOptions& transfer = {});

 private:
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
  const Options options_;
};

}  // namespace boardloop
