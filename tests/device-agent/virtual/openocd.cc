#include "tests/device-agent/virtual/openocd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace boardloop::vboard {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(60);

// OpenOCD's target scripts change the adapter's speed at a reset, which remote_bitbang has not.
std::string WithoutResetEvents(const TestBoard& board) {
  return absl::StrCat("foreach event {reset-start reset-init} {", board.openocd_target,
                      ".cpu configure -event $event {}}");
}

// Collects the output until the process closes it; kills it at the deadline.
std::string Collect(int fd, pid_t pid) {
  std::string output;
  const absl::Time deadline = absl::Now() + kDeadline;
  for (;;) {
    pollfd readable{fd, POLLIN, 0};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) {
      kill(pid, SIGKILL);
      return output + "\n(killed: it ran past its deadline)";
    }
    std::array<char, 4096> bytes;
    const ssize_t count = read(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return output;
    output.append(bytes.data(), static_cast<size_t>(count));
  }
}

}  // namespace

std::string OpenOcdResult::Value(const std::string& name) const {
  const std::string key = "\n" + name + "=";
  const size_t start = output.find(key);
  if (start == std::string::npos) return "";
  const size_t from = start + key.size();
  return output.substr(from, output.find('\n', from) - from);
}

bool HaveOpenOcd() { return std::system("openocd --version >/dev/null 2>&1") == 0; }

std::vector<std::string> OverStlink(const VboardProcess& process, const TestBoard& board) {
  return {"-f", "interface/stlink-dap.cfg",
          "-c", absl::StrCat("st-link backend tcp ", process.Number("stlink_port")),
          "-c", "transport select dapdirect_swd",
          "-f", absl::StrCat("target/", board.openocd_target, ".cfg")};
}

std::vector<std::string> OverBoardFile(const VboardProcess& process, const TestBoard& board) {
  return {"-f", absl::StrCat("board/", board.openocd_board, ".cfg"), "-c",
          absl::StrCat("hla_stlink_backend tcp ", process.Number("stlink_port"))};
}

std::vector<std::string> OverRemoteBitbang(const VboardProcess& process, const TestBoard& board) {
  const std::string rbb = process.line().find("unix:") != std::string::npos
                              ? absl::StrCat("remote_bitbang host ", process.Text("rbb").substr(5),
                                             "; remote_bitbang port 0")
                              : absl::StrCat("remote_bitbang host localhost; remote_bitbang port ",
                                             process.Number("rbb"));
  return {"-c", absl::StrCat("adapter driver remote_bitbang; ", rbb, "; transport select jtag"),
          "-f", absl::StrCat("target/", board.openocd_target, ".cfg"),
          "-c", WithoutResetEvents(board)};
}

OpenOcdResult RunOpenOcd(const std::vector<std::string>& connection,
                         const std::vector<std::string>& commands) {
  std::vector<std::string> words = {"openocd", "-c",
                                    "gdb_port disabled; tcl_port disabled; telnet_port disabled"};
  words.insert(words.end(), connection.begin(), connection.end());
  for (const std::string& command : commands) words.insert(words.end(), {"-c", command});
  words.insert(words.end(), {"-c", "shutdown"});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  OpenOcdResult result;
  std::array<int, 2> output;
  if (pipe2(output.data(), O_CLOEXEC) != 0) return result;
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(output[1]);
  result.output = Collect(output[0], pid);
  close(output[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace boardloop::vboard
