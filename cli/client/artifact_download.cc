#include "cli/client/artifact_download.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/client/call.h"
#include "cli/client/retry.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"

namespace boardloop {

DownloadAttempts::DownloadAttempts(v1::ArtifactService::Stub& stub,
                                   const ArtifactClient::Options& options,
                                   const TransferOptions& transfer, const std::string& sha256,
                                   DownloadTarget& target, Sha256 there, int64_t there_bytes)
    : stub_(stub),
      options_(options),
      transfer_(transfer),
      sha256_(sha256),
      target_(target),
      content_(std::move(there)),
      done_bytes_(there_bytes),
      trusted_(there_bytes == 0) {}

absl::Status DownloadAttempts::Run() {
  return Retry(RetryOf(options_, transfer_), [this](bool& progress) { return Attempt(progress); });
}

absl::Status DownloadAttempts::Attempt(bool& progress) {
  absl::Status received = Receive(progress);
  const bool wrong = absl::IsDataLoss(received) || absl::IsOutOfRange(received);
  if (!wrong || trusted_) return received;
  // What an earlier program has left behind is not of this artifact.
  BL_RETURN_IF_ERROR(Restart());
  return Receive(progress);
}

absl::Status DownloadAttempts::Restart() {
  BL_RETURN_IF_ERROR(target_.Clear());
  content_ = Sha256();
  done_bytes_ = 0;
  trusted_ = true;
  return absl::OkStatus();
}

absl::Status DownloadAttempts::Receive(bool& progress) {
  Call call(options_, transfer_);
  v1::ReadArtifactRequest request;
  request.set_name(ArtifactName(sha256_));
  request.set_offset(done_bytes_);
  const std::unique_ptr<grpc::ClientReader<v1::ReadArtifactResponse>> reader =
      stub_.ReadArtifact(&call.context(), request);
  v1::ReadArtifactResponse response;
  absl::Status taken;
  while (taken.ok() && reader->Read(&response)) {
    taken = Take(response);
    progress = progress || (taken.ok() && !response.data().empty());
  }
  if (!taken.ok()) call.context().TryCancel();
  const absl::Status finished = call.Result(reader->Finish());
  BL_RETURN_IF_ERROR(taken);
  BL_RETURN_IF_ERROR(finished);
  if (done_bytes_ != total_bytes_) {
    return absl::DataLossError(absl::StrFormat("artifact %s ended at %d B, must have %d B", sha256_,
                                               done_bytes_, total_bytes_));
  }
  const std::string content = content_.Hex();
  if (content == sha256_) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("what came as artifact %s has SHA-256 %s: the coordinator's file has changed",
                      sha256_, content));
}

absl::Status DownloadAttempts::Take(const v1::ReadArtifactResponse& response) {
  const int64_t bytes = static_cast<int64_t>(response.data().size());
  total_bytes_ = response.size_bytes();
  if (bytes > total_bytes_ - done_bytes_) {
    return absl::DataLossError(absl::StrFormat("artifact %s has %d B, at least %d B came", sha256_,
                                               total_bytes_, done_bytes_ + bytes));
  }
  BL_RETURN_IF_ERROR(target_.Append(response.data(), total_bytes_));
  content_.Add(response.data());
  done_bytes_ += bytes;
  if (transfer_.progress) transfer_.progress(done_bytes_, total_bytes_);
  return absl::OkStatus();
}

}  // namespace boardloop
