#include "cli/client/file_lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace boardloop {
namespace {

bool Flock(int fd, int operation) {
  int result;
  do {
    result = flock(fd, operation);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

bool TryLockFile(int fd) { return Flock(fd, LOCK_EX | LOCK_NB); }
bool LockFile(int fd) { return Flock(fd, LOCK_EX); }
bool ShareFile(int fd) { return Flock(fd, LOCK_SH); }

bool IsFileAt(int fd, const std::string& path) {
  struct stat opened, named;
  return fstat(fd, &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace boardloop
