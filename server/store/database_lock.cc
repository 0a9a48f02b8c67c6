#include "server/store/database_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/file_system.h"

namespace boardloop {
namespace {

// What the holder wrote, or "" when it has not come to that yet.
std::string ReadHolder(int fd) {
  char text[256];
  const ssize_t size = pread(fd, text, sizeof(text), 0);
  std::string holder(text, size > 0 ? static_cast<size_t>(size) : 0);
  return holder.substr(0, holder.find('\n'));
}

absl::Status WriteHolder(int fd, const std::string& path) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  const std::string text = absl::StrFormat("process %d on %s\n", getpid(), host);
  const auto size = static_cast<ssize_t>(text.size());
  const bool written = pwrite(fd, text.data(), text.size(), 0) == size && ftruncate(fd, size) == 0;
  return written ? absl::OkStatus() : FileError(errno, "cannot write", path);
}

}  // namespace

absl::StatusOr<DatabaseLock> DatabaseLock::Take(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return FileError(errno, "cannot open", path);
  DatabaseLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    BL_RETURN_IF_ERROR(WriteHolder(fd, path));
    return lock;
  }
  if (errno != EWOULDBLOCK) return FileError(errno, "cannot lock", path);
  const std::string holder = ReadHolder(fd);
  return absl::FailedPreconditionError(
      absl::StrFormat("database %s is in use by %s, must be used by one process at a time",
                      database_path, holder.empty() ? "another process" : holder));
}

DatabaseLock::DatabaseLock(DatabaseLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DatabaseLock& DatabaseLock::operator=(DatabaseLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

DatabaseLock::~DatabaseLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace boardloop
