#include "server/artifacts/artifact_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/grpc_status.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPieceBytes = 1 << 20;

// Every folder exists from the start, so that publishing needs to make durable one folder and not two.
absl::Status MakeFolders(const std::string& folder) {
  for (int first = 0; first < 256; ++first) {
    const std::string path = absl::StrFormat("%s/%02x", folder, first);
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return FileError("cannot make folder", path, error.value());
  }
  return SyncFolder(folder);
}

// Where the file has become shorter, the upload's end says so.
absl::Status AppendFile(ArtifactUpload& upload, int fd, const std::string& path, int64_t size) {
  std::string piece(static_cast<size_t>(std::min(size, kPieceBytes)), '\0');
  while (upload.committed_bytes() < size) {
    BL_ASSIGN_OR_RETURN(const size_t got, ReadSome(fd, path, piece.data(), piece.size()));
    if (got == 0) break;
    BL_RETURN_IF_ERROR(upload.Append(upload.committed_bytes(), {piece.data(), got}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ArtifactFiles>> ArtifactFiles::Create(const std::string& folder,
                                                                     Store& store,
                                                                     const Options& options) {
  BL_RETURN_IF_ERROR(MakeFolders(folder));
  BL_ASSIGN_OR_RETURN(std::unique_ptr<PartialUploads> partial_uploads,
                      PartialUploads::Open(folder + "/uploads"));
  return std::unique_ptr<ArtifactFiles>(
      new ArtifactFiles(folder, store, options, std::move(partial_uploads)));
}

ArtifactFiles::ArtifactFiles(std::string folder, Store& store, const Options& options,
                             std::unique_ptr<PartialUploads> partial_uploads)
    : folder_(std::move(folder)),
      store_(store),
      options_(options),
      partial_uploads_(std::move(partial_uploads)) {}

std::string ArtifactFiles::Folder(const std::string& sha256) const {
  return absl::StrCat(folder_, "/", sha256.substr(0, 2));
}

std::string ArtifactFiles::Path(const std::string& sha256) const {
  return absl::StrCat(Folder(sha256), "/", sha256);
}

std::optional<int64_t> ArtifactFiles::SizeOnDisk(const std::string& sha256) const {
  struct stat info;
  if (lstat(Path(sha256).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return info.st_size;
}

int64_t ArtifactFiles::NowMs() const { return absl::ToUnixMillis(options_.now()); }

// ---- What is there.

absl::StatusOr<std::optional<store::ArtifactRow>> ArtifactFiles::Row(const std::string& sha256) {
  std::optional<store::ArtifactRow> row;
  BL_RETURN_IF_ERROR(store_.Read([&](Transaction& transaction) -> absl::Status {
    BL_ASSIGN_OR_RETURN(row, transaction.GetArtifact(sha256));
    return absl::OkStatus();
  }));
  return row;
}

absl::StatusOr<std::optional<store::ArtifactRow>> ArtifactFiles::Find(const std::string& sha256) {
  BL_ASSIGN_OR_RETURN(std::optional<store::ArtifactRow> row, Row(sha256));
  if (row && SizeOnDisk(sha256) != row->size_bytes()) return std::nullopt;
  return row;
}

absl::StatusOr<std::optional<store::ArtifactRow>> ArtifactFiles::FindAndKeep(
    const std::string& sha256) {
  BL_ASSIGN_OR_RETURN(std::optional<store::ArtifactRow> row, Find(sha256));
  // Not at every call: a write costs a commit.
  const int64_t young_since = NowMs() - absl::ToInt64Milliseconds(options_.grace) / 2;
  if (!row || row->create_time_ms() >= young_since) return row;
  BL_RETURN_IF_ERROR(store_.Run([&](Transaction& transaction) -> absl::Status {
    // It may have been collected since it was found.
    BL_ASSIGN_OR_RETURN(row, transaction.GetArtifact(sha256));
    if (!row) return absl::OkStatus();
    row->set_create_time_ms(NowMs());
    return transaction.PutArtifact(*row);
  }));
  return row;
}

absl::StatusOr<int64_t> ArtifactFiles::CommittedBytes(const std::string& sha256) {
  return partial_uploads_->Committed(sha256);
}

// ---- Limits.

absl::Status ArtifactFiles::Reserve(int64_t bytes) {
  int64_t reserved = 0;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    reserved_bytes_ += bytes;
    reserved = reserved_bytes_;
  }
  // Summed up after it was reserved: two uploads that do not fit together are never both let in.
  int64_t stored = 0;
  absl::Status status = store_.Read([&](Transaction& transaction) -> absl::Status {
    BL_ASSIGN_OR_RETURN(stored, transaction.ArtifactBytes());
    return absl::OkStatus();
  });
  const absl::StatusOr<int64_t> idle = partial_uploads_->IdleBytes();
  status.Update(idle.status());
  if (status.ok() && stored + *idle + reserved > options_.quota_bytes) {
    const int64_t free =
        std::max<int64_t>(0, options_.quota_bytes - stored - *idle - reserved + bytes);
    status =
        WithReason(absl::ResourceExhaustedError(absl::StrFormat(
                       "the quota of artifacts is used up: %d B are needed, %d B of %d B are free",
                       bytes, free, options_.quota_bytes)),
                   "ARTIFACT_QUOTA",
                   {{"needed_bytes", absl::StrCat(bytes)}, {"free_bytes", absl::StrCat(free)}});
  }
  if (!status.ok()) Release(bytes);
  return status;
}

void ArtifactFiles::Release(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mu_);
  reserved_bytes_ -= bytes;
}

absl::Status ArtifactFiles::CheckDisk(int64_t needed_bytes) const {
  BL_ASSIGN_OR_RETURN(const int64_t free, options_.free_bytes(folder_));
  return needed_bytes <= free ? absl::OkStatus() : DiskIsFull(needed_bytes);
}

absl::Status ArtifactFiles::DiskIsFull(int64_t needed_bytes) const {
  const absl::StatusOr<int64_t> asked = options_.free_bytes(folder_);
  const int64_t free = asked.ok() ? *asked : 0;
  return WithReason(
      absl::ResourceExhaustedError(absl::StrFormat(
          "the disk of the artifacts is full: %d B are needed, %d B are free", needed_bytes, free)),
      "DISK_FULL",
      {{"needed_bytes", absl::StrCat(needed_bytes)}, {"free_bytes", absl::StrCat(free)}});
}

// ---- Uploads.

absl::StatusOr<std::unique_ptr<ArtifactUpload>> ArtifactFiles::StartUpload(
    const std::string& sha256, int64_t size_bytes, int64_t offset) {
  if (size_bytes < 0 || offset < 0 || offset > size_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("data at offset %d of %d B: must lie within", offset, size_bytes));
  }
  if (size_bytes > options_.max_artifact_bytes) {
    return WithReason(
        absl::ResourceExhaustedError(absl::StrFormat("the artifact has %d B, may have at most %d B",
                                                     size_bytes, options_.max_artifact_bytes)),
        "ARTIFACT_TOO_LARGE",
        {{"size_bytes", absl::StrCat(size_bytes)},
         {"max_bytes", absl::StrCat(options_.max_artifact_bytes)}});
  }
  BL_RETURN_IF_ERROR(CheckDisk(size_bytes - offset));
  std::unique_ptr<ArtifactUpload> upload(new ArtifactUpload(*this, sha256, size_bytes));
  BL_RETURN_IF_ERROR(upload->Begin(offset));
  return upload;
}

absl::Status ArtifactUpload::Begin(int64_t offset) {
  BL_ASSIGN_OR_RETURN(partial_, files_.partial_uploads_->Take(sha256_, offset));
  absl::Status reserved = files_.Reserve(size_bytes_);
  if (!reserved.ok()) {
    files_.partial_uploads_->GiveBack(partial_);
    partial_ = {};
    return reserved;
  }
  BL_ASSIGN_OR_RETURN(committed_bytes_,
                      AddFile(content_, partial_.file.get(), partial_.path, offset));
  return absl::OkStatus();
}

ArtifactUpload::~ArtifactUpload() {
  if (!partial_.file.ok()) return;
  files_.partial_uploads_->GiveBack(partial_);
  files_.Release(size_bytes_);
}

void ArtifactUpload::Discard() {
  if (!partial_.file.ok()) return;
  files_.partial_uploads_->Remove(partial_);
  files_.Release(size_bytes_);
  partial_ = {};
}

absl::Status ArtifactUpload::Failed(const absl::Status& status) {
  Discard();  // First: the message tells what is free without it.
  if (!absl::IsResourceExhausted(status)) return status;
  return files_.DiskIsFull(size_bytes_);
}

absl::Status ArtifactUpload::Append(int64_t offset, std::string_view data) {
  if (!partial_.file.ok()) return absl::FailedPreconditionError("the upload has ended");
  if (offset != committed_bytes_) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "data at offset %d, must follow what is there: %d B", offset, committed_bytes_));
  }
  const int64_t size = static_cast<int64_t>(data.size());
  if (size > size_bytes_ - committed_bytes_) {
    return absl::InvalidArgumentError(absl::StrFormat("%d B were announced, at least %d B came",
                                                      size_bytes_, committed_bytes_ + size));
  }
  const absl::Status written = WriteFully(partial_.file.get(), partial_.path, data);
  if (!written.ok()) return Failed(written);
  content_.Add(data);
  committed_bytes_ += size;
  return absl::OkStatus();
}

absl::StatusOr<store::ArtifactRow> ArtifactUpload::Finish(const std::optional<std::string>& owner) {
  if (!partial_.file.ok()) return absl::FailedPreconditionError("the upload has ended");
  if (committed_bytes_ != size_bytes_) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d B were announced, %d B came", size_bytes_, committed_bytes_));
  }
  const std::string content = content_.Hex();
  if (content != sha256_) {
    Discard();
    return absl::DataLossError(absl::StrFormat(
        "the content of %d B has SHA-256 %s, its name says %s", size_bytes_, content, sha256_));
  }
  const absl::Status synced = SyncFile(partial_.file.get(), partial_.path);
  if (!synced.ok()) return Failed(synced);
  absl::StatusOr<store::ArtifactRow> row =
      files_.Publish(partial_.path, sha256_, size_bytes_, owner);
  if (!row.ok()) return Failed(row.status());
  Discard();  // Its name only: the file has been renamed.
  files_.partial_uploads_->RemoveIdle(sha256_);
  return row;
}

absl::StatusOr<store::ArtifactRow> ArtifactFiles::Publish(const std::string& path,
                                                          const std::string& sha256,
                                                          int64_t size_bytes,
                                                          const std::optional<std::string>& owner) {
  const ContentLocks::Held held(locks_, sha256);
  // Over a file that may be there: it has the same bytes, or was damaged.
  if (std::rename(path.c_str(), Path(sha256).c_str()) != 0) {
    return FileError("cannot rename to", Path(sha256), errno);
  }
  BL_RETURN_IF_ERROR(SyncFolder(Folder(sha256)));
  absl::StatusOr<store::ArtifactRow> row = WriteRow(sha256, size_bytes, owner);
  if (!row.ok()) RemoveFileWithoutRow(sha256).IgnoreError();  // Else it is a stray.
  return row;
}

absl::StatusOr<store::ArtifactRow> ArtifactFiles::WriteRow(
    const std::string& sha256, int64_t size_bytes, const std::optional<std::string>& owner) {
  store::ArtifactRow row;
  row.set_sha256(sha256);
  row.set_size_bytes(size_bytes);
  row.set_create_time_ms(NowMs());
  const absl::Status written = store_.Run([&](Transaction& transaction) -> absl::Status {
    BL_RETURN_IF_ERROR(transaction.PutArtifact(row));
    return owner ? transaction.AddReference(sha256, *owner) : absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(written);
  return row;
}

// ---- The server's own.

absl::StatusOr<store::ArtifactRow> ArtifactFiles::Put(std::string_view bytes,
                                                      const std::optional<std::string>& owner) {
  const int64_t size = static_cast<int64_t>(bytes.size());
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<ArtifactUpload> upload,
                      StartUpload(Sha256Hex(bytes), size, 0));
  absl::Status appended = upload->Append(0, bytes);
  if (!appended.ok()) {
    upload->Discard();
    return appended;
  }
  return upload->Finish(owner);
}

absl::StatusOr<store::ArtifactRow> ArtifactFiles::PutFile(const std::string& path,
                                                          const std::optional<std::string>& owner) {
  BL_ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(path, O_RDONLY));
  BL_ASSIGN_OR_RETURN(const int64_t size, FileSize(file.get(), path));
  Sha256 content;
  BL_RETURN_IF_ERROR(AddFile(content, file.get(), path, size).status());
  if (lseek(file.get(), 0, SEEK_SET) != 0) return FileError("cannot read", path, errno);
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<ArtifactUpload> upload,
                      StartUpload(content.Hex(), size, 0));
  absl::Status appended = AppendFile(*upload, file.get(), path, size);
  absl::StatusOr<store::ArtifactRow> row =
      appended.ok() ? upload->Finish(owner) : absl::StatusOr<store::ArtifactRow>(appended);
  if (!row.ok()) upload->Discard();
  return row;
}

// ---- Reading.

absl::StatusOr<ArtifactReader> ArtifactFiles::Open(const std::string& sha256) {
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row, Row(sha256));
  if (!row) return absl::NotFoundError(absl::StrFormat("no artifact %s", sha256));
  ArtifactReader reader;
  reader.path_ = Path(sha256);
  reader.size_bytes_ = row->size_bytes();
  absl::StatusOr<UniqueFd> file = OpenFile(reader.path_, O_RDONLY | O_NOFOLLOW);
  if (absl::IsNotFound(file.status())) {
    return absl::DataLossError(
        absl::StrFormat("the file of artifact %s is gone; upload it again", sha256));
  }
  BL_RETURN_IF_ERROR(file.status());
  reader.file_ = *std::move(file);
  BL_ASSIGN_OR_RETURN(const int64_t size, FileSize(reader.file_.get(), reader.path_));
  if (size != row->size_bytes()) {
    return absl::DataLossError(
        absl::StrFormat("the file of artifact %s has %d B, must have %d B; upload it again", sha256,
                        size, row->size_bytes()));
  }
  return reader;
}

absl::StatusOr<std::string> ArtifactReader::Read(int64_t offset, int64_t max_bytes) const {
  const int64_t wanted = std::min(max_bytes, size_bytes_ - offset);
  if (wanted <= 0) return std::string();
  std::string bytes(static_cast<size_t>(wanted), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = pread(file_.get(), bytes.data() + done, bytes.size() - done,
                            offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot read", path_, errno);
    if (n == 0) {
      return absl::DataLossError(absl::StrFormat("%s ends at %d B, must have %d B", path_,
                                                 offset + static_cast<int64_t>(done), size_bytes_));
    }
    done += static_cast<size_t>(n);
  }
  return bytes;
}

absl::StatusOr<std::string> ArtifactFiles::ReadAll(const std::string& sha256, int64_t max_bytes) {
  BL_ASSIGN_OR_RETURN(const ArtifactReader reader, Open(sha256));
  if (reader.size_bytes() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("artifact %s has %d B, at most %d B are read here", sha256,
                        reader.size_bytes(), max_bytes));
  }
  BL_ASSIGN_OR_RETURN(std::string bytes, reader.Read(0, reader.size_bytes()));
  const std::string content = Sha256Hex(bytes);
  if (content != sha256) {
    return absl::DataLossError(absl::StrFormat(
        "the file of artifact %s has changed on the disk, it has SHA-256 %s", sha256, content));
  }
  return bytes;
}

}  // namespace boardloop
