#include "cli/local/folder_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/file_lock.h"
#include "core/base/file_io.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);
constexpr int64_t kMaxHolder = 4096;

// Who has written into the lock file; it is empty for a moment after it was locked.
std::string HolderOf(const std::string& path) {
  const absl::StatusOr<std::string> holder = ReadFile(path, kMaxHolder);
  return holder.ok() && !holder->empty() ? *holder : "another `boardloop up` or `down`";
}

absl::Status WriteHolder(int fd, const std::string& path, const std::string& command) {
  if (ftruncate(fd, 0) != 0) return FileError("cannot write", path, errno);
  return WriteFully(fd, path, absl::StrFormat("`boardloop %s` (process %d)", command, getpid()));
}

}  // namespace

absl::StatusOr<FolderLock> FolderLock::Take(
    const std::string& folder, const std::string& command, absl::Duration patience,
    const std::function<void(const std::string& line)>& progress) {
  const std::string path = folder + "/lock";
  // Not passed on: the programs that `up` starts would hold the lock for as long as they run.
  BL_ASSIGN_OR_RETURN(UniqueFd file, OpenFile(path, O_RDWR | O_CREAT));
  const absl::Time end = absl::Now() + patience;
  for (bool told = false; !TryLockFile(file.get()); absl::SleepFor(kLook)) {
    const std::string holder = HolderOf(path);
    if (absl::Now() >= end) {
      return absl::DeadlineExceededError(absl::StrFormat("%s has been at work in %s for %s", holder,
                                                         folder, absl::FormatDuration(patience)));
    }
    if (!told && progress) {
      progress(absl::StrFormat("waiting for %s, which is at work in %s", holder, folder));
    }
    told = true;
  }
  BL_RETURN_IF_ERROR(WriteHolder(file.get(), path, command));
  return FolderLock(std::move(file));
}

}  // namespace boardloop
