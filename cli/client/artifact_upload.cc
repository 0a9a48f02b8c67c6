#include "cli/client/artifact_upload.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/client/call.h"
#include "cli/client/grpc_status.h"
#include "cli/client/retry.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;  // The most that the coordinator takes.

}  // namespace

absl::Status UploadAttempts::Run() {
  return Retry(RetryOf(options_, transfer_), [this](bool& progress) { return Attempt(progress); });
}

absl::Status UploadAttempts::Attempt(bool& progress) {
  int64_t offset = 0;
  if (size_bytes_ > kPieceBytes) {  // Else asking costs as much as sending.
    bool complete = false;
    BL_ASSIGN_OR_RETURN(offset, Committed(complete));
    progress = offset > furthest_;
    furthest_ = std::max(furthest_, offset);
    if (complete) {
      Report(size_bytes_);
      return absl::OkStatus();
    }
    if (offset > size_bytes_) offset = 0;
  }
  absl::Status sent = Send(offset);
  if (!absl::IsDataLoss(sent) || offset == 0 || restarted_) return sent;
  // What was there was not of this file: another caller lied, or a disk lost power.
  restarted_ = true;
  return Send(0);
}

absl::StatusOr<int64_t> UploadAttempts::Committed(bool& complete) {
  Call call(options_, transfer_);
  v1::GetUploadRequest request;
  request.set_name(name_);
  v1::Upload upload;
  BL_RETURN_IF_ERROR(call.Result(stub_.GetUpload(&call.context(), request, &upload)));
  complete = upload.complete();
  return upload.committed_bytes();
}

absl::Status UploadAttempts::Send(int64_t offset) {
  Call call(options_, transfer_);
  v1::Artifact artifact;
  const std::unique_ptr<grpc::ClientWriter<v1::WriteArtifactRequest>> writer =
      stub_.WriteArtifact(&call.context(), &artifact);
  const absl::Status written = WritePieces(*writer, offset);
  if (!written.ok()) call.context().TryCancel();
  const absl::Status finished = call.Result(writer->Finish());
  BL_RETURN_IF_ERROR(written);
  BL_RETURN_IF_ERROR(finished);
  Report(size_bytes_);
  return absl::OkStatus();
}

absl::Status UploadAttempts::WritePieces(grpc::ClientWriter<v1::WriteArtifactRequest>& writer,
                                         int64_t offset) {
  v1::WriteArtifactRequest request;
  request.set_name(name_);
  request.set_size_bytes(size_bytes_);
  do {  // At least one message, which has the name.
    request.set_offset(offset);
    BL_ASSIGN_OR_RETURN(*request.mutable_data(),
                        read_(offset, std::min(kPieceBytes, size_bytes_ - offset)));
    if (!writer.Write(request)) return absl::OkStatus();
    offset += static_cast<int64_t>(request.data().size());
    Report(offset);
    request.clear_name();
  } while (offset < size_bytes_);
  writer.WritesDone();
  return absl::OkStatus();
}

void UploadAttempts::Report(int64_t done_bytes) const {
  if (transfer_.progress) transfer_.progress(done_bytes, size_bytes_);
}

}  // namespace boardloop
