#include "tests/device-agent/virtual/vboard_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "nlohmann/json.hpp"

namespace boardloop::vboard {
namespace {

constexpr int kPatienceMs = 60'000;  // Of a machine that is busy with other tests.

// Reads to the first newline; empty when the stream ends before.
std::string ReadLine(int fd) {
  std::string line;
  for (;;) {
    pollfd readable{fd, POLLIN, 0};
    if (poll(&readable, 1, kPatienceMs) <= 0) return "";
    std::array<char, 256> bytes;
    const ssize_t count = read(fd, bytes.data(), bytes.size());
    if (count <= 0) return "";
    line.append(bytes.data(), static_cast<size_t>(count));
    if (line.back() == '\n') return line.substr(0, line.size() - 1);
  }
}

}  // namespace

const std::vector<TestBoard>& TestBoards() {
  static const std::vector<TestBoard>* const boards = new std::vector<TestBoard>{
      {"virtual-stm32f405", "f405", "stm32f4x", "st_nucleo_f4", "0x08000000", "0x00000"},
      {"virtual-stm32f746", "f746", "stm32f7x", "stm32f746g-disco", "0x00200000", "0x00200"}};
  return *boards;
}

std::string ProgramPath(const TestBoard& board, const std::string& program) {
  std::string path = std::string(VBOARD_TEST_PROGRAMS) + "/" + board.name + "-" + program + ".elf";
  return std::filesystem::exists(path) ? path : "";
}

TestDir::TestDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vboard-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TestDir::~TestDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool ProcessExists(pid_t pid) { return pid > 0 && kill(pid, 0) == 0; }

bool WaitForEnd(pid_t pid) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd ended{fd, POLLIN, 0};
  const bool done = poll(&ended, 1, kPatienceMs) == 1;
  close(fd);
  return done;
}

VboardProcess::VboardProcess(const std::vector<std::string>& arguments) {
  std::array<int, 2> output;
  if (pipe2(output.data(), O_CLOEXEC) != 0) return;
  errors_ = memfd_create("vboard-stderr", MFD_CLOEXEC);
  std::vector<char*> words = {const_cast<char*>(VBOARD_PROGRAM)};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output[1], STDOUT_FILENO);
    dup2(errors_, STDERR_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  close(output[1]);
  output_ = output[0];
  line_ = ReadLine(output_);
}

VboardProcess::~VboardProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
  close(output_);
  close(errors_);
}

pid_t VboardProcess::qemu_pid() const { return Number("qemu_pid"); }

std::string VboardProcess::Text(const std::string& key) const {
  return nlohmann::json::parse(line_).at(key).get<std::string>();
}

int VboardProcess::Number(const std::string& key) const {
  return nlohmann::json::parse(line_).at(key).get<int>();
}

void VboardProcess::Signal(int number) { kill(pid_, number); }

int VboardProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string VboardProcess::Errors() const {
  std::array<char, 4096> bytes;
  const ssize_t count = pread(errors_, bytes.data(), bytes.size(), 0);
  return std::string(bytes.data(), count > 0 ? static_cast<size_t>(count) : 0);
}

std::string Order(const std::string& state, const std::string& line) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = state + "/control";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string sent = line + "\n";
    if (write(fd, sent.data(), sent.size()) == static_cast<ssize_t>(sent.size())) {
      answer = ReadLine(fd);
    }
  }
  close(fd);
  return answer;
}

}  // namespace boardloop::vboard
