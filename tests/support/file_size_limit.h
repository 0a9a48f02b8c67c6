// While it lives, no file of this process can grow beyond a size: what a full disk looks like to a writer.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

namespace boardloop {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (getrlimit(RLIMIT_FSIZE, &before_) != 0) std::abort();
    Set(bytes);
  }
  ~FileSizeLimit() {
    Set(before_.rlim_cur);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void Set(rlim_t bytes) const {
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) std::abort();
  }

  void (*handler_)(int);
  rlimit before_ = {};
};

}  // namespace boardloop
