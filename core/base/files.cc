#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

absl::Status FileError(const std::string& doing, const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrFormat("%s %s", doing, path));
}

// Closes the descriptor when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status WriteAll(int fd, const std::string& path, const std::string& content) {
  size_t done = 0;
  while (done < content.size()) {
    ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot write", path, errno);
    done += static_cast<size_t>(n);
  }
  if (fsync(fd) != 0) return FileError("cannot write", path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not hang; it has no effect on regular files.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError("cannot open", path, errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FileError("cannot read", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is not a regular file", path));
  }
  if (info.st_size > max_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat("%s has %d bytes, at most %d are read here",
                                                      path, info.st_size, max_bytes));
  }
  std::string content(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  while (done < content.size()) {
    ssize_t n = read(file.get(), content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("cannot read", path, errno);
    if (n == 0) break;  // The file was cut while we read it: hand out what there is.
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

absl::Status WriteFileAtomically(const std::string& path, const std::string& content) {
  // A rename would replace a device or a folder's link with a file, not write into it.
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cannot write %s: it is not a regular file", path));
  }
  static std::atomic<int> counter{0};
  const std::string temporary = absl::StrFormat("%s.%d-%d", path, getpid(), counter++);
  absl::Status status;
  {
    // O_EXCL: never through a link that somebody left there. The kernel applies the umask.
    Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return FileError("cannot create a file beside", path, errno);
    status = WriteAll(file.get(), path, content);
  }
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = FileError("cannot write", path, errno);
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace boardloop
