#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/file_io.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace boardloop {

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not hang; it has no effect on regular files.
  BL_ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(path, O_RDONLY | O_NONBLOCK));
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
    BL_ASSIGN_OR_RETURN(const size_t n,
                        ReadSome(file.get(), path, content.data() + done, content.size() - done));
    if (n == 0) break;  // The file was cut while we read it: hand out what there is.
    done += n;
  }
  content.resize(done);
  return content;
}

absl::Status WriteFileAtomically(const std::string& path, const std::string& content,
                                 unsigned mode) {
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
    const UniqueFd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.ok()) return FileError("cannot create a file beside", path, errno);
    status = WriteFully(file.get(), path, content);
    if (status.ok()) status = SyncFile(file.get(), path);
  }
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = FileError("cannot write", path, errno);
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace boardloop
