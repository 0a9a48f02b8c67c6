// One download of ArtifactClient: its attempts, and what they write into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "cli/client/artifact_client.h"
#include "core/base/sha256.h"

namespace boardloop {

class DownloadTarget {
 public:
  virtual ~DownloadTarget() = default;
  // The next piece of a file of `total_bytes`.
  virtual absl::Status Append(std::string_view data, int64_t total_bytes) = 0;
  // Forgets everything.
  virtual absl::Status Clear() = 0;
};

class DownloadAttempts {
 public:
  // `there` has seen the first `there_bytes`, which the target has already. References are not owned.
  DownloadAttempts(v1::ArtifactService::Stub& stub, const ArtifactClient::Options& options,
                   const TransferOptions& transfer, const std::string& sha256,
                   DownloadTarget& target, Sha256 there = {}, int64_t there_bytes = 0);

  // OK: the target has the whole file, and its content is what the name says.
  absl::Status Run();

 private:
  absl::Status Attempt(bool& progress);
  absl::Status Receive(bool& progress);
  absl::Status Take(const v1::ReadArtifactResponse& response);
  absl::Status Restart();

  v1::ArtifactService::Stub& stub_;
  const ArtifactClient::Options& options_;
  const TransferOptions& transfer_;
  const std::string sha256_;
  DownloadTarget& target_;
  Sha256 content_;  // Of what the target has.
  int64_t done_bytes_;
  int64_t total_bytes_ = -1;  // Not known yet.
  bool trusted_;              // Every byte in the target came from this object's attempts.
};

}  // namespace boardloop
