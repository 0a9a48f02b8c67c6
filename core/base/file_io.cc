#include "core/base/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {

absl::Status FileError(const std::string& tried, const std::string& path, int error) {
  const std::string message = absl::StrFormat("%s %s", tried, path);
  const absl::Status status = absl::ErrnoToStatus(error, message);
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return full ? absl::ResourceExhaustedError(status.message()) : status;
}

absl::StatusOr<UniqueFd> OpenFile(const std::string& path, int flags, unsigned mode) {
  UniqueFd file(open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file.ok()) return FileError("cannot open", path, errno);
  return file;
}

absl::Status WriteFully(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> ReadSome(int fd, const std::string& path, char* bytes, size_t size) {
  ssize_t n;
  do {
    n = read(fd, bytes, size);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FileError("cannot read", path, errno);
  return static_cast<size_t>(n);
}

absl::StatusOr<int64_t> FileSize(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return FileError("cannot read", path, errno);
  return static_cast<int64_t>(info.st_size);
}

absl::Status SyncFile(int fd, const std::string& path) {
  return fsync(fd) == 0 ? absl::OkStatus() : FileError("cannot write", path, errno);
}

absl::Status SyncFolder(const std::string& folder) {
  BL_ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(folder, O_RDONLY | O_DIRECTORY));
  return SyncFile(file.get(), folder);
}

absl::StatusOr<int64_t> FreeDiskBytes(const std::string& folder) {
  struct statvfs info;
  if (statvfs(folder.c_str(), &info) != 0)
    return FileError("cannot ask for the disk of", folder, errno);
  return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
}

}  // namespace boardloop
