// The part of ArtifactFiles that compares files with rows: garbage and the inventory.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/status.h"
#include "server/artifacts/artifact_files.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

absl::Time LastWritten(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? absl::TimeFromTimespec(info.st_mtim)
                                        : absl::InfiniteFuture();
}

}  // namespace

absl::StatusOr<ArtifactFiles::Collected> ArtifactFiles::CollectGarbage() {
  Collected collected;
  BL_ASSIGN_OR_RETURN(const PartialUploads::Removed partial,
                      partial_uploads_->RemoveIdleSince(options_.now() - options_.partial_ttl));
  collected.partial_uploads = partial.files;
  collected.bytes = partial.bytes;
  BL_ASSIGN_OR_RETURN(const std::vector<store::ArtifactRow> rows, DeleteUnreferencedRows());
  for (const store::ArtifactRow& row : rows) {
    // Somebody may have stored it again since its row was deleted.
    const ContentLocks::Held held(locks_, row.sha256());
    BL_RETURN_IF_ERROR(RemoveFileWithoutRow(row.sha256()).status());
    ++collected.artifacts;
    collected.bytes += row.size_bytes();
  }
  // What a crash has left: between a file and its row, or between the loops above.
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOnDisk());
  for (const std::string& sha256 : files) {
    const std::optional<int64_t> size = SizeOnDisk(sha256);
    if (!size || LastWritten(Path(sha256)) >= options_.now() - options_.grace) continue;
    const ContentLocks::Held held(locks_, sha256);
    BL_ASSIGN_OR_RETURN(const bool removed, RemoveFileWithoutRow(sha256));
    collected.stray_files += removed;
    collected.bytes += removed ? *size : 0;
  }
  return collected;
}

absl::StatusOr<std::vector<store::ArtifactRow>> ArtifactFiles::DeleteUnreferencedRows() {
  std::vector<store::ArtifactRow> rows;
  const int64_t before = absl::ToUnixMillis(options_.now() - options_.grace);
  const absl::Status deleted = store_.Run([&](Transaction& transaction) -> absl::Status {
    BL_ASSIGN_OR_RETURN(rows, transaction.UnreferencedArtifacts(before));
    for (const store::ArtifactRow& row : rows) {
      BL_RETURN_IF_ERROR(transaction.DeleteArtifact(row.sha256()));
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(deleted);
  return rows;
}

absl::StatusOr<bool> ArtifactFiles::RemoveFileWithoutRow(const std::string& sha256) {
  BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row, Row(sha256));
  if (row) return false;
  if (unlink(Path(sha256).c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return FileError("cannot remove", Path(sha256), errno);
}

absl::StatusOr<std::vector<std::string>> ArtifactFiles::FilesOnDisk() const {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    const std::string parent = file->path().parent_path().filename().string();
    if (IsSha256Hex(name) && name.compare(0, 2, parent) == 0) files.push_back(name);
  }
  if (error) return FileError("cannot read folder", folder_, error.value());
  return files;
}

absl::StatusOr<ArtifactFiles::Inventory> ArtifactFiles::TakeInventory() {
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOnDisk());
  Inventory inventory;
  BL_RETURN_IF_ERROR(store_.Read([&](Transaction& transaction) -> absl::Status {
    inventory = {};
    BL_ASSIGN_OR_RETURN(inventory.missing_bytes, transaction.ArtifactBytes());
    for (const std::string& sha256 : files) {
      BL_ASSIGN_OR_RETURN(const std::optional<store::ArtifactRow> row,
                          transaction.GetArtifact(sha256));
      if (!row) {
        inventory.strays.push_back(sha256);
      } else if (SizeOnDisk(sha256) != row->size_bytes()) {
        inventory.damaged.push_back(sha256);
      } else {
        ++inventory.files;
        inventory.bytes += row->size_bytes();
      }
    }
    // Every row of the right size has been met: the rest of the sum belongs to files that are not there.
    inventory.missing_bytes -= inventory.bytes;
    return absl::OkStatus();
  }));
  return inventory;
}

}  // namespace boardloop
