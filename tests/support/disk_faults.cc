#include "tests/support/disk_faults.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

std::atomic<int> write_error{0};
std::atomic<int> sync_error{0};
std::atomic<bool> skip_syncs{false};
std::atomic<int64_t> writes_done{0};
std::atomic<int64_t> syncs_done{0};
std::atomic<int64_t> calls_until_kill{0};  // 0: never.
std::atomic<DiskFaults::Loss> loss{DiskFaults::Loss::kNothing};

ssize_t SystemWrite(int fd, const void* data, size_t size, off_t offset) {
  return syscall(SYS_pwrite64, fd, data, size, offset);
}

using FileId = std::pair<dev_t, ino_t>;

// Writes that were not synced, and how to take them back. Thread-safe.
class UnsyncedWrites {
 public:
  void Add(int fd, size_t size, off_t offset) {
    std::lock_guard<std::mutex> lock(mu_);
    struct stat info;
    if (fstat(fd, &info) != 0) return;
    const FileId file(info.st_dev, info.st_ino);
    // A descriptor of our own, never closed: closing any of a file's drops the process's locks on it.
    if (descriptors_.count(file) == 0) {
      descriptors_[file] =
          open(absl::StrFormat("/proc/self/fd/%d", fd).c_str(), O_RDWR | O_CLOEXEC);
    }
    std::string before(size, '\0');
    const ssize_t there = pread(descriptors_[file], before.data(), size, offset);
    before.resize(there > 0 ? static_cast<size_t>(there) : 0);
    writes_.push_back({file, offset, before, info.st_size});
  }

  void Sync(int fd) {
    std::lock_guard<std::mutex> lock(mu_);
    struct stat info;
    if (fstat(fd, &info) != 0) return;
    const FileId file(info.st_dev, info.st_ino);
    writes_.erase(std::remove_if(writes_.begin(), writes_.end(),
                                 [&](const Write& write) { return write.file == file; }),
                  writes_.end());
  }

  // Newest first. Every `step`-th of them.
  void Lose(size_t step) {
    std::lock_guard<std::mutex> lock(mu_);
    for (size_t i = 0; i < writes_.size(); i += step) {
      const Write& write = writes_[writes_.size() - 1 - i];
      const int fd = descriptors_[write.file];
      SystemWrite(fd, write.before.data(), write.before.size(), write.offset);
      struct stat info;
      // What lies behind is lost with it only when everything is.
      const bool cut = step == 1 && fstat(fd, &info) == 0 && info.st_size > write.size_before;
      if (cut && ftruncate(fd, write.size_before) != 0) continue;
    }
  }

 private:
  struct Write {
    FileId file;
    off_t offset;
    std::string before;
    off_t size_before;  // Of the file.
  };
  std::mutex mu_;
  std::map<FileId, int> descriptors_;
  std::vector<Write> writes_;
};

UnsyncedWrites& Unsynced() {
  static auto* writes = new UnsyncedWrites;
  return *writes;
}

bool IsLastCall() { return calls_until_kill > 0 && --calls_until_kill == 0; }

[[noreturn]] void Die() {
  if (loss == DiskFaults::Loss::kUnsynced) Unsynced().Lose(1);
  if (loss == DiskFaults::Loss::kSomeUnsynced) Unsynced().Lose(2);
  while (true) kill(getpid(), SIGKILL);
}

ssize_t Write(int fd, const void* data, size_t size, off_t offset) {
  ++writes_done;
  if (loss != DiskFaults::Loss::kNothing) Unsynced().Add(fd, size, offset);
  if (IsLastCall()) {
    SystemWrite(fd, data, size / 2, offset);
    Die();
  }
  if (const int error = write_error; error != 0) {
    errno = error;
    return -1;
  }
  return SystemWrite(fd, data, size, offset);
}

int Sync(int64_t system_call, int fd) {
  ++syncs_done;
  if (IsLastCall()) Die();
  if (const int error = sync_error; error != 0) {
    errno = error;
    return -1;
  }
  if (loss != DiskFaults::Loss::kNothing) Unsynced().Sync(fd);
  return skip_syncs ? 0 : static_cast<int>(syscall(system_call, fd));
}

void Reset() {
  write_error = 0;
  sync_error = 0;
  skip_syncs = false;
  writes_done = 0;
  syncs_done = 0;
  calls_until_kill = 0;
  loss = DiskFaults::Loss::kNothing;
}

}  // namespace

DiskFaults::DiskFaults() { Reset(); }
DiskFaults::~DiskFaults() { Reset(); }
void DiskFaults::FailWrites(int error) { write_error = error; }
void DiskFaults::FailSyncs(int error) { sync_error = error; }
void DiskFaults::SkipSyncs() { skip_syncs = true; }
void DiskFaults::KillAtCall(int64_t n, Loss a_loss) {
  loss = a_loss;
  calls_until_kill = n;
}
int64_t DiskFaults::writes() const { return writes_done; }
int64_t DiskFaults::syncs() const { return syncs_done; }

}  // namespace boardloop

// The C library names its parameters with two underscores, which only it may.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return boardloop::Write(fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return boardloop::Write(fd, data, size, offset);
}
int fsync(int fd) { return boardloop::Sync(SYS_fsync, fd); }
int fdatasync(int fd) { return boardloop::Sync(SYS_fdatasync, fd); }

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
