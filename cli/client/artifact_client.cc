#include "cli/client/artifact_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/client/artifact_download.h"
#include "cli/client/artifact_upload.h"
#include "cli/client/partial_download.h"
#include "core/base/artifact_name.h"
#include "core/base/file_io.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace boardloop {
namespace {

absl::Status CheckRegular(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return FileError("cannot read", path, errno);
  if (S_ISREG(info.st_mode)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s is not a regular file", path));
}

absl::StatusOr<std::string> ReadPieceOfFile(int fd, const std::string& path, int64_t offset,
                                            int64_t bytes) {
  if (lseek(fd, offset, SEEK_SET) != offset) return FileError("cannot read", path, errno);
  std::string piece(static_cast<size_t>(bytes), '\0');
  size_t done = 0;
  while (done < piece.size()) {
    BL_ASSIGN_OR_RETURN(const size_t got,
                        ReadSome(fd, path, piece.data() + done, piece.size() - done));
    if (got == 0) {
      return absl::DataLossError(absl::StrFormat("%s became shorter while it was uploaded", path));
    }
    done += got;
  }
  return piece;
}

class MemoryTarget final : public DownloadTarget {
 public:
  explicit MemoryTarget(int64_t max_bytes) : max_bytes_(max_bytes) {}

  absl::Status Append(std::string_view data, int64_t total_bytes) override {
    if (total_bytes > max_bytes_) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "the artifact has %d B, at most %d B are read here", total_bytes, max_bytes_));
    }
    bytes_.append(data);
    return absl::OkStatus();
  }
  absl::Status Clear() override {
    bytes_.clear();
    return absl::OkStatus();
  }
  std::string TakeBytes() { return std::move(bytes_); }

 private:
  const int64_t max_bytes_;
  std::string bytes_;
};

}  // namespace

ArtifactClient::ArtifactClient(const std::shared_ptr<grpc::ChannelInterface>& channel)
    : ArtifactClient(channel, Options()) {}

ArtifactClient::ArtifactClient(const std::shared_ptr<grpc::ChannelInterface>& channel,
                               Options options)
    : stub_(v1::ArtifactService::NewStub(channel)), options_(std::move(options)) {}

absl::StatusOr<std::string> ArtifactClient::Upload(const std::string& path,
                                                   const TransferOptions& transfer) {
  // O_NONBLOCK: opening a FIFO must not hang.
  BL_ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(path, O_RDONLY | O_NONBLOCK));
  BL_RETURN_IF_ERROR(CheckRegular(file.get(), path));
  BL_ASSIGN_OR_RETURN(const int64_t size, FileSize(file.get(), path));
  Sha256 content;
  BL_RETURN_IF_ERROR(AddFile(content, file.get(), path, size).status());
  const std::string name = ArtifactName(content.Hex());
  const ReadPiece read = [&](int64_t offset, int64_t bytes) {
    return ReadPieceOfFile(file.get(), path, offset, bytes);
  };
  BL_RETURN_IF_ERROR(UploadAttempts(*stub_, options_, transfer, name, size, read).Run());
  return name;
}

absl::StatusOr<std::string> ArtifactClient::UploadBytes(std::string_view bytes,
                                                        const TransferOptions& transfer) {
  const std::string name = ArtifactName(Sha256Hex(bytes));
  const ReadPiece read = [bytes](int64_t offset, int64_t wanted) {
    return std::string(bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(wanted)));
  };
  const int64_t size = static_cast<int64_t>(bytes.size());
  BL_RETURN_IF_ERROR(UploadAttempts(*stub_, options_, transfer, name, size, read).Run());
  return name;
}

absl::Status ArtifactClient::Download(const std::string& name, const std::string& path,
                                      const TransferOptions& transfer) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(name));
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<PartialDownload> partial,
                      PartialDownload::Open(path, sha256));
  DownloadAttempts attempts(*stub_, options_, transfer, sha256, *partial, partial->TakeContent(),
                            partial->there_bytes());
  absl::Status status = attempts.Run();
  if (status.ok()) status = partial->Publish();
  if (!status.ok()) partial->Abandon(status);
  return status;
}

absl::StatusOr<std::string> ArtifactClient::Read(const std::string& name, int64_t max_bytes,
                                                 const TransferOptions& transfer) {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(name));
  MemoryTarget target(max_bytes);
  BL_RETURN_IF_ERROR(DownloadAttempts(*stub_, options_, transfer, sha256, target).Run());
  return target.TakeBytes();
}

}  // namespace boardloop
