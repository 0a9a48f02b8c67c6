#include "device-agent/probe/command_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace boardloop {

absl::Status CommandPipe::Open(const std::string& path) {
  Close();
  unlink(path.c_str());
  if (mkfifo(path.c_str(), 0600) == 0) {
    fd_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  if (fd_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("make the pipe %s: %s", path, strerror(errno)));
  }
  path_ = path;
  return absl::OkStatus();
}

void CommandPipe::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  if (!path_.empty()) unlink(path_.c_str());
  path_.clear();
}

std::vector<std::string> CommandPipe::Attach(const std::vector<std::string>& argv) const {
  // The shell only opens files, and becomes the program; what it is given it does not interpret.
  std::vector<std::string> attached = {"sh", "-c", "pipe=$1; shift; exec \"$@\" < \"$pipe\" 2>&1",
                                       "sh", path_};
  attached.insert(attached.end(), argv.begin(), argv.end());
  return attached;
}

absl::Status CommandPipe::Write(const std::string& text) const {
  // A pipe holds 64 KiB and the reader has read all earlier commands: it fits or nobody reads.
  const ssize_t n = write(fd_, text.data(), text.size());
  if (n == static_cast<ssize_t>(text.size())) return absl::OkStatus();
  return absl::UnavailableError("the probe's tool does not read its commands");
}

}  // namespace boardloop
