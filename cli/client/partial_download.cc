#include "cli/client/partial_download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/file_lock.h"
#include "cli/client/retry.h"
#include "core/base/file_io.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartialDownload>> PartialDownload::Open(const std::string& path,
                                                                       const std::string& sha256) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cannot write %s: it is not a regular file", path));
  }
  // Part of the hash is enough to tell two artifacts apart, and the name stays short enough for every file system.
  std::unique_ptr<PartialDownload> partial(
      new PartialDownload(path, absl::StrCat(path, ".", sha256.substr(0, 16), ".partial")));
  BL_ASSIGN_OR_RETURN(const bool shared, partial->OpenShared());
  if (!shared) BL_RETURN_IF_ERROR(partial->OpenOwn());
  BL_ASSIGN_OR_RETURN(partial->there_bytes_,
                      AddFile(partial->content_, partial->file_.get(), partial->partial_path_,
                              std::numeric_limits<int64_t>::max()));
  partial->bytes_ = partial->there_bytes_;
  return partial;
}

absl::StatusOr<bool> PartialDownload::OpenShared() {
  while (true) {
    BL_ASSIGN_OR_RETURN(file_, OpenFile(partial_path_, O_RDWR | O_CREAT | O_NOFOLLOW));
    if (!TryLockFile(file_.get())) return false;
    if (IsFileAt(file_.get(), partial_path_)) return true;
    // The download that had it ended after we opened it: the name is free or another's.
  }
}

absl::Status PartialDownload::OpenOwn() {
  static std::atomic<int> counter{0};
  partial_path_ = absl::StrFormat("%s-%d-%d", partial_path_, getpid(), counter++);
  own_ = true;
  BL_ASSIGN_OR_RETURN(file_, OpenFile(partial_path_, O_RDWR | O_CREAT | O_EXCL));
  return absl::OkStatus();
}

absl::Status PartialDownload::Append(std::string_view data, int64_t total_bytes) {
  const absl::Status written = WriteFully(file_.get(), partial_path_, data);
  if (absl::IsResourceExhausted(written)) {
    const absl::StatusOr<int64_t> free = FreeDiskBytes(FolderOf(path_));
    return absl::ResourceExhaustedError(
        absl::StrFormat("the disk of %s is full: %d B are needed, %d B are free", path_,
                        total_bytes - bytes_, free.ok() ? *free : 0));
  }
  BL_RETURN_IF_ERROR(written);
  bytes_ += static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::Status PartialDownload::Clear() {
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0) {
    return FileError("cannot write", partial_path_, errno);
  }
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status PartialDownload::Publish() {
  BL_RETURN_IF_ERROR(SyncFile(file_.get(), partial_path_));
  if (std::rename(partial_path_.c_str(), path_.c_str()) != 0) {
    return FileError("cannot write", path_, errno);
  }
  return SyncFolder(FolderOf(path_));
}

void PartialDownload::Abandon(const absl::Status& why) {
  const bool of_use = !own_ && bytes_ > 0 && MayBeRetried(why);
  if (!of_use) unlink(partial_path_.c_str());
}

}  // namespace boardloop
