#include "tests/support/disk_faults.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace boardloop {
namespace {

std::atomic<int> write_error{0};
std::atomic<int> sync_error{0};
std::atomic<int64_t> writes_done{0};
std::atomic<int64_t> syncs_done{0};
std::atomic<int64_t> calls_until_kill{0};  // 0: never.

bool IsLastCall() { return calls_until_kill > 0 && --calls_until_kill == 0; }

[[noreturn]] void Die() {
  while (true) kill(getpid(), SIGKILL);
}

ssize_t Write(int fd, const void* data, size_t size, off_t offset) {
  ++writes_done;
  if (IsLastCall()) {
    syscall(SYS_pwrite64, fd, data, size / 2, offset);
    Die();
  }
  if (const int error = write_error; error != 0) {
    errno = error;
    return -1;
  }
  return syscall(SYS_pwrite64, fd, data, size, offset);
}

int Sync(int64_t system_call, int fd) {
  ++syncs_done;
  if (IsLastCall()) Die();
  if (const int error = sync_error; error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(syscall(system_call, fd));
}

void Reset() {
  write_error = 0;
  sync_error = 0;
  writes_done = 0;
  syncs_done = 0;
  calls_until_kill = 0;
}

}  // namespace

DiskFaults::DiskFaults() { Reset(); }
DiskFaults::~DiskFaults() { Reset(); }
void DiskFaults::FailWrites(int error) { write_error = error; }
void DiskFaults::FailSyncs(int error) { sync_error = error; }
void DiskFaults::KillAtCall(int64_t n) { calls_until_kill = n; }
int64_t DiskFaults::writes() const { return writes_done; }
int64_t DiskFaults::syncs() const { return syncs_done; }

}  // namespace boardloop

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
