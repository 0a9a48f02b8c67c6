// Artifacts: files by content, below one folder.
//
//   ab/abcdef...         the artifact whose SHA-256 is abcdef...
//   uploads/abcdef...-0  what is there of an upload
//
// A file is written in uploads/, checked, made durable and renamed; then the store gets its row. The row makes it an artifact.
//
// Invariants (the tests check them after every fault):
//   (1) A file outside uploads/ is whole: its content is what its name says.
//   (2) A row is written after its file is durable, and a file is removed after its row is gone. What stops the process
//       in between leaves a file without a row, which is collected like any other.
//   (3) A file and its row change under the lock of their content, so that the collector never removes what another thread has
//       just stored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file_io.h"
#include "core/base/sha256.h"
#include "core/base/unique_fd.h"
#include "server/artifacts/content_locks.h"
#include "server/artifacts/partial_uploads.h"
#include "server/store/rows.pb.h"
#include "server/store/store.h"

namespace boardloop {

class ArtifactFiles;

// An upload in progress. Its destructor keeps what has been sent, for an upload that goes on.
// To be used by one thread at a time.
class ArtifactUpload {
 public:
  ~ArtifactUpload();
  ArtifactUpload(const ArtifactUpload&) = delete;
  ArtifactUpload& operator=(const ArtifactUpload&) = delete;

  int64_t committed_bytes() const { return committed_bytes_; }

  // `data` begins at `offset`, which is committed_bytes().
  //
  // INVALID_ARGUMENT    another offset, or more than was announced; what is there stays
  // RESOURCE_EXHAUSTED  the disk is full; nothing is left behind
  absl::Status Append(int64_t offset, std::string_view data);

  // Makes it an artifact. Nothing can be appended afterwards.
  //
  // INVALID_ARGUMENT    less than was announced; what is there stays
  // DATA_LOSS           the content is not what its name says; nothing is left behind
  // RESOURCE_EXHAUSTED  the disk is full; nothing is left behind
  absl::StatusOr<store::ArtifactRow> Finish(const std::optional<std::string>& owner = {});

 private:
  friend class ArtifactFiles;
  ArtifactUpload(ArtifactFiles& files, std::string sha256, int64_t size_bytes)
      : files_(files), sha256_(std::move(sha256)), size_bytes_(size_bytes) {}

  absl::Status Begin(int64_t offset);
  void Discard();
  // Discards it; `status` with both figures where it says that the disk is full.
  absl::Status Failed(const absl::Status& status);

  ArtifactFiles& files_;
  const std::string sha256_;
  const int64_t size_bytes_;
  int64_t committed_bytes_ = 0;
  Sha256 content_;
  PartialUpload partial_;
};

// An artifact that is being read. It can be read to its end even when it is collected meanwhile.
class ArtifactReader {
 public:
  int64_t size_bytes() const { return size_bytes_; }
  // The bytes from `offset`, at most `max_bytes`; empty at the end.
  //
  // DATA_LOSS  the disk gives fewer bytes than the artifact has
  absl::StatusOr<std::string> Read(int64_t offset, int64_t max_bytes) const;

 private:
  friend class ArtifactFiles;
  std::string path_;
  UniqueFd file_;
  int64_t size_bytes_ = 0;
};

// Thread-safe. Everywhere: UNAVAILABLE and others of the store; what the operating system says of a file. Nothing here is to be
// called from within work of the store.
class ArtifactFiles {
 public:
  struct Options {
    int64_t max_artifact_bytes = int64_t{2} << 30;
    int64_t quota_bytes = int64_t{200} << 30;  // Of artifacts and uploads together.
    absl::Duration partial_ttl = absl::Hours(24);
    // An artifact without a reference is kept so long after it was last stored. Whoever stores one, or asks how much of it is there,
    // has at least half of it to refer to the artifact.
    absl::Duration grace = absl::Hours(24);
    std::function<absl::Time()> now = absl::Now;
    // What may still be written below a folder.
    std::function<absl::StatusOr<int64_t>(const std::string&)> free_bytes = FreeDiskBytes;
  };

  // Creates the folder if it is absent. Nobody else may write in it. `store` is not owned.
  static absl::StatusOr<std::unique_ptr<ArtifactFiles>> Create(const std::string& folder,
                                                               Store& store,
                                                               const Options& options);

  // The row of an artifact whose file is there; nullopt: to be uploaded. `sha256` is 64 lower-case hexadecimal digits, here and below.
  absl::StatusOr<std::optional<store::ArtifactRow>> Find(const std::string& sha256);

  // As Find, and it is kept for another while (Options::grace).
  absl::StatusOr<std::optional<store::ArtifactRow>> FindAndKeep(const std::string& sha256);

  // Bytes with which an upload can go on.
  absl::StatusOr<int64_t> CommittedBytes(const std::string& sha256);

  // Begins an upload, or goes on at `offset` <= CommittedBytes(). The upload must end before this object does.
  //
  // INVALID_ARGUMENT    a size or offset that cannot be
  // OUT_OF_RANGE        the offset leaves a gap
  // RESOURCE_EXHAUSTED  larger than an artifact may be (reason ARTIFACT_TOO_LARGE), the quota is used up
  //                     (ARTIFACT_QUOTA), or the disk is full (DISK_FULL); the message has both figures
  absl::StatusOr<std::unique_ptr<ArtifactUpload>> StartUpload(const std::string& sha256,
                                                              int64_t size_bytes, int64_t offset);

  // Stores what the server has made; with `owner`, and a reference of its. Errors as of an upload; nothing of it is left behind.
  absl::StatusOr<store::ArtifactRow> Put(std::string_view bytes,
                                         const std::optional<std::string>& owner = {});
  absl::StatusOr<store::ArtifactRow> PutFile(const std::string& path,
                                             const std::optional<std::string>& owner = {});

  // NOT_FOUND  no such artifact
  // DATA_LOSS  its file is gone, or has another size
  absl::StatusOr<ArtifactReader> Open(const std::string& sha256);

  // The whole content, checked.
  //
  // NOT_FOUND, DATA_LOSS  as of Open; also when the content has changed on the disk
  // INVALID_ARGUMENT      larger than `max_bytes`
  absl::StatusOr<std::string> ReadAll(const std::string& sha256,
                                      int64_t max_bytes = int64_t{256} << 20);

  struct Collected {
    int64_t artifacts = 0;  // Without a reference, after the time of grace.
    int64_t partial_uploads = 0;
    int64_t stray_files = 0;  // Without a row, after the time of grace.
    int64_t bytes = 0;
  };
  // Removes what nobody needs. To be called from time to time.
  absl::StatusOr<Collected> CollectGarbage();

  struct Inventory {
    int64_t files = 0;  // That have a row and its size.
    int64_t bytes = 0;
    int64_t missing_bytes = 0;         // Sizes of rows whose file is absent or has another size.
    std::vector<std::string> damaged;  // SHA-256 of files whose size is not that of the row.
    std::vector<std::string> strays;   // SHA-256 of files without a row.
  };
  // Compares files with rows, for the start of the server. What is missing is stored again when somebody uploads it.
  absl::StatusOr<Inventory> TakeInventory();

 private:
  friend class ArtifactUpload;

  ArtifactFiles(std::string folder, Store& store, const Options& options,
                std::unique_ptr<PartialUploads> partial_uploads);

  std::string Folder(const std::string& sha256) const;
  std::string Path(const std::string& sha256) const;
  std::optional<int64_t> SizeOnDisk(const std::string& sha256) const;
  int64_t NowMs() const;

  absl::StatusOr<std::optional<store::ArtifactRow>> Row(const std::string& sha256);
  absl::Status Reserve(int64_t bytes);
  void Release(int64_t bytes);
  absl::Status CheckDisk(int64_t needed_bytes) const;
  absl::Status DiskIsFull(int64_t needed_bytes) const;
  // Renames a durable file and writes its row.
  absl::StatusOr<store::ArtifactRow> Publish(const std::string& path, const std::string& sha256,
                                             int64_t size_bytes,
                                             const std::optional<std::string>& owner);
  absl::StatusOr<store::ArtifactRow> WriteRow(const std::string& sha256, int64_t size_bytes,
                                              const std::optional<std::string>& owner);

  absl::StatusOr<std::vector<store::ArtifactRow>> DeleteUnreferencedRows();
  // Whether a file was there and has been removed, because it has no row. The caller holds the lock of the content.
  absl::StatusOr<bool> RemoveFileWithoutRow(const std::string& sha256);
  absl::StatusOr<std::vector<std::string>> FilesOnDisk() const;

  const std::string folder_;
  Store& store_;
  const Options options_;
  const std::unique_ptr<PartialUploads> partial_uploads_;
  ContentLocks locks_;
  std::mutex mu_;
  int64_t reserved_bytes_ = 0;  // Announced sizes of uploads in progress. Guarded by mu_.
};

}  // namespace boardloop
