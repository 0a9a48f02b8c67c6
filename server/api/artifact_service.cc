#include "server/api/artifact_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/grpc_status.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxPieceBytes = 1 << 20;

absl::StatusOr<std::string> Sha256OfName(const std::string& name) {
  absl::StatusOr<std::string> sha256 = ArtifactSha256(name);
  if (!sha256.ok()) return WithReason(sha256.status(), "ARTIFACT_NAME_INVALID");
  return sha256;
}

v1::Artifact ToProto(const store::ArtifactRow& row) {
  v1::Artifact artifact;
  artifact.set_name(ArtifactName(row.sha256()));
  artifact.set_size_bytes(row.size_bytes());
  artifact.mutable_create_time()->set_seconds(row.create_time_ms() / 1000);
  artifact.mutable_create_time()->set_nanos(
      static_cast<int32_t>(row.create_time_ms() % 1000 * 1'000'000));
  return artifact;
}

absl::Status SizeDiffers(const store::ArtifactRow& row, int64_t announced) {
  return WithReason(
      absl::InvalidArgumentError(absl::StrFormat("%d B were announced, artifact %s has %d B",
                                                 announced, row.sha256(), row.size_bytes())),
      "ARTIFACT_SIZE_MISMATCH");
}

// The gap is the caller's mistake, or another upload has taken what was there: it asks again where to go on.
absl::Status WithGapReason(const absl::Status& status) {
  if (!absl::IsOutOfRange(status)) return status;
  return WithReason(absl::InvalidArgumentError(status.message()), "UPLOAD_GAP");
}

}  // namespace

grpc::Status ArtifactService::WriteArtifact(grpc::ServerContext* context,
                                            grpc::ServerReader<v1::WriteArtifactRequest>* reader,
                                            v1::Artifact* response) {
  return ToGrpc(Write(*context, *reader, *response));
}

absl::Status ArtifactService::Write(const grpc::ServerContext& context,
                                    grpc::ServerReader<v1::WriteArtifactRequest>& reader,
                                    v1::Artifact& response) {
  v1::WriteArtifactRequest request;
  if (!reader.Read(&request)) {
    return absl::InvalidArgumentError("the stream ended without a message, needs name and size");
  }
  BL_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfName(request.name()));
  const int64_t size = request.size_bytes();
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> found, files_.FindAndKeep(sha256));
  if (found) {  // What still comes is not needed.
    if (found->size_bytes() != size) return SizeDiffers(*found, size);
    response = ToProto(*found);
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<ArtifactUpload>> upload =
      files_.StartUpload(sha256, size, request.offset());
  if (!upload.ok()) return WithGapReason(upload.status());
  BL_RETURN_IF_ERROR(Receive(context, request, reader, **upload));
  BL_ASSIGN_OR_RETURN(const store::ArtifactRow row, (*upload)->Finish());
  response = ToProto(row);
  return absl::OkStatus();
}

absl::Status ArtifactService::Receive(const grpc::ServerContext& context,
                                      v1::WriteArtifactRequest& request,
                                      grpc::ServerReader<v1::WriteArtifactRequest>& reader,
                                      ArtifactUpload& upload) {
  do {
    const int64_t bytes = static_cast<int64_t>(request.data().size());
    if (bytes > kMaxPieceBytes) {
      return WithReason(absl::InvalidArgumentError(absl::StrFormat(
                            "a piece has %d B, may have at most %d B", bytes, kMaxPieceBytes)),
                        "UPLOAD_PIECE_TOO_LARGE");
    }
    BL_RETURN_IF_ERROR(upload.Append(request.offset(), request.data()));
  } while (reader.Read(&request));
  if (context.IsCancelled()) {
    return absl::CancelledError(
        absl::StrFormat("the upload was cut off after %d B", upload.committed_bytes()));
  }
  return absl::OkStatus();
}

grpc::Status ArtifactService::GetUpload(grpc::ServerContext* /*context*/,
                                        const v1::GetUploadRequest* request, v1::Upload* response) {
  return ToGrpc(FindUpload(request->name(), *response));
}

absl::Status ArtifactService::FindUpload(const std::string& name, v1::Upload& response) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfName(name));
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row, files_.FindAndKeep(sha256));
  if (row) {
    response.set_complete(true);
    response.set_committed_bytes(row->size_bytes());
    return absl::OkStatus();
  }
  BL_ASSIGN_OR_RETURN(const int64_t committed, files_.CommittedBytes(sha256));
  response.set_committed_bytes(committed);
  return absl::OkStatus();
}

grpc::Status ArtifactService::ReadArtifact(grpc::ServerContext* /*context*/,
                                           const v1::ReadArtifactRequest* request,
                                           grpc::ServerWriter<v1::ReadArtifactResponse>* writer) {
  return ToGrpc(Read(*request, *writer));
}

absl::Status ArtifactService::Read(const v1::ReadArtifactRequest& request,
                                   grpc::ServerWriter<v1::ReadArtifactResponse>& writer) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfName(request.name()));
  if (request.offset() < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("offset is %d, must be 0 or more", request.offset()));
  }
  absl::StatusOr<ArtifactReader> reader = files_.Open(sha256);
  if (absl::IsNotFound(reader.status())) return WithReason(reader.status(), "ARTIFACT_NOT_FOUND");
  BL_RETURN_IF_ERROR(reader.status());
  if (request.offset() > reader->size_bytes()) {
    return absl::OutOfRangeError(absl::StrFormat("offset is %d, the artifact has %d B",
                                                 request.offset(), reader->size_bytes()));
  }
  v1::ReadArtifactResponse response;
  response.set_size_bytes(reader->size_bytes());
  int64_t offset = request.offset();
  do {  // At least one message, which tells the size.
    BL_ASSIGN_OR_RETURN(*response.mutable_data(), reader->Read(offset, kMaxPieceBytes));
    offset += static_cast<int64_t>(response.data().size());
    if (!writer.Write(response)) return absl::CancelledError("the caller reads no more");
  } while (offset < reader->size_bytes());
  return absl::OkStatus();
}

grpc::Status ArtifactService::GetArtifact(grpc::ServerContext* /*context*/,
                                          const v1::GetArtifactRequest* request,
                                          v1::Artifact* response) {
  return ToGrpc(Get(request->name(), *response));
}

absl::Status ArtifactService::Get(const std::string& name, v1::Artifact& response) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfName(name));
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row, files_.Find(sha256));
  if (!row) {
    return WithReason(absl::NotFoundError(absl::StrCat("no artifact ", sha256)),
                      "ARTIFACT_NOT_FOUND");
  }
  response = ToProto(*row);
  return absl::OkStatus();
}

}  // namespace boardloop
