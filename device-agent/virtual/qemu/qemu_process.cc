#include "device-agent/virtual/qemu/qemu_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/status.h"

namespace boardloop::vboard {
namespace {

absl::StatusOr<std::string> FindQemu() {
  const char* path = std::getenv("PATH");
  for (const auto folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    std::string program = absl::StrCat(folder, "/qemu-system-arm");
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return absl::NotFoundError(
      "there is no qemu-system-arm in PATH: install QEMU 7.2 (Debian 12: qemu-system-arm)");
}

struct SocketPair {
  UniqueFd ours, theirs;
};

absl::StatusOr<SocketPair> MakeSocketPair() {
  std::array<int, 2> fds;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("socketpair: ", std::strerror(errno)));
  }
  return SocketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// Runs in the child, between fork and exec.
[[noreturn]] void Execute(const std::vector<std::string>& command, absl::Span<const int> inherited,
                          int errors, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // The parent died before the line above.
  setpgid(0, 0);                        // A Ctrl-C of the terminal is for the board to handle.
  const rlimit no_core{0, 0};           // QEMU aborts when the core locks up; that is no bug.
  setrlimit(RLIMIT_CORE, &no_core);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int fd : inherited) fcntl(fd, F_SETFD, 0);
  const int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

absl::StatusOr<QemuProcess> QemuProcess::Start(const Options& options) {
  BL_ASSIGN_OR_RETURN(const std::string program, FindQemu());
  BL_ASSIGN_OR_RETURN(SocketPair gdb, MakeSocketPair());
  BL_ASSIGN_OR_RETURN(SocketPair qtest, MakeSocketPair());
  BL_ASSIGN_OR_RETURN(SocketPair qmp, MakeSocketPair());
  const auto chardev = [](const char* id, const SocketPair& pair) {
    return absl::StrFormat("socket,id=%s,fd=%d", id, pair.theirs.get());
  };
  // A reset or shutdown asked for by the firmware stops the core; the board then does what the chip
  // would do. -nodefaults: no network, no serial port.
  std::vector<std::string> command = {program,
                                      "-machine",
                                      options.machine,
                                      "-S",
                                      "-display",
                                      "none",
                                      "-nodefaults",
                                      "-action",
                                      "reboot=shutdown,shutdown=pause",
                                      "-chardev",
                                      chardev("gdb", gdb),
                                      "-gdb",
                                      "chardev:gdb",
                                      "-chardev",
                                      chardev("qtest", qtest),
                                      "-qtest",
                                      "chardev:qtest",
                                      "-qtest-log",
                                      "/dev/null",
                                      "-chardev",
                                      chardev("qmp", qmp),
                                      "-mon",
                                      "chardev=qmp,mode=control"};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());

  QemuProcess process;
  process.errors_ = UniqueFd(memfd_create("qemu-stderr", MFD_CLOEXEC));
  const std::array<int, 4> inherited = {gdb.theirs.get(), qtest.theirs.get(), qmp.theirs.get(),
                                        options.record_fd};
  const pid_t parent = getpid();
  process.pid_ = fork();
  if (process.pid_ == 0) Execute(command, inherited, process.errors_.get(), parent);
  if (process.pid_ < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot start QEMU: ", std::strerror(errno)));
  }
  process.gdb = std::move(gdb.ours);
  process.qtest = std::move(qtest.ours);
  process.qmp = std::move(qmp.ours);
  return process;
}

QemuProcess::QemuProcess(QemuProcess&& other) noexcept
    : gdb(std::move(other.gdb)),
      qtest(std::move(other.qtest)),
      qmp(std::move(other.qmp)),
      pid_(std::exchange(other.pid_, -1)),
      errors_(std::move(other.errors_)) {}

QemuProcess& QemuProcess::operator=(QemuProcess&& other) noexcept {
  std::swap(gdb, other.gdb);
  std::swap(qtest, other.qtest);
  std::swap(qmp, other.qmp);
  std::swap(pid_, other.pid_);
  std::swap(errors_, other.errors_);
  return *this;
}

void QemuProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string QemuProcess::Complaint() const {
  std::array<char, 1024> tail;
  const off_t size = lseek(errors_.get(), 0, SEEK_END);
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(tail.size()));
  const ssize_t count = pread(errors_.get(), tail.data(), tail.size(), start);
  return std::string(tail.data(), count > 0 ? static_cast<size_t>(count) : 0);
}

}  // namespace boardloop::vboard
