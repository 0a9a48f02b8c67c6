#include "core/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Set(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

// Both ends are closed in children (CLOEXEC) except where they are duplicated on purpose.
struct Pipe {
  Descriptor read_end, write_end;

  absl::Status Open() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
      return absl::InternalError(absl::StrFormat("pipe: %s", strerror(errno)));
    }
    read_end.Set(fds[0]);
    write_end.Set(fds[1]);
    return absl::OkStatus();
  }
};

struct Streams {
  int in, out, err;
};

// What runs in the child between fork and exec: only async-signal-safe calls. Never returns.
[[noreturn]] void RunChild(char* const* argv, const char* folder, const Streams& streams,
                           pid_t parent, int error_pipe) {
  // Against the race with a parent that died before the request was made.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);  // An ignored one would be inherited.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (dup2(streams.in, STDIN_FILENO) >= 0 && dup2(streams.out, STDOUT_FILENO) >= 0 &&
        dup2(streams.err, STDERR_FILENO) >= 0 && (folder == nullptr || chdir(folder) == 0)) {
      execvp(argv[0], argv);
    }
  }
  const int error = errno;
  if (write(error_pipe, &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& argv, const std::string& folder,
                            const Streams& streams) {
  Pipe error_pipe;
  BL_RETURN_IF_ERROR(error_pipe.Open());
  std::vector<char*> args;
  for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::InternalError(absl::StrFormat("run %s: fork: %s", argv[0], strerror(errno)));
  }
  if (pid == 0) {
    RunChild(args.data(), folder.empty() ? nullptr : folder.c_str(), streams, parent,
             error_pipe.write_end.get());
  }
  setpgid(pid, pid);  // Also here: whoever comes first.
  error_pipe.write_end.Close();
  int error = 0;
  ssize_t n;
  do {
    n = read(error_pipe.read_end.get(), &error, sizeof(error));
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return pid;  // Closed by exec.
  waitpid(pid, nullptr, 0);
  const std::string message = absl::StrFormat("run %s: %s", argv[0], strerror(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::InternalError(message);
}

// A child that is killed with its group, and reaped, by the destructor if it still runs.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // Whether the child has ended; its wait status is in `status` then.
  bool Ended(int* status) {
    if (waitpid(pid_, status, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_;
};

// Appends what can be read now; closes the pipe at its end, or on an error.
void ReadSome(Descriptor& from, std::string* text) {
  char buffer[65536];
  const ssize_t n = read(from.get(), buffer, sizeof(buffer));
  if (n > 0) text->append(buffer, static_cast<size_t>(n));
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) from.Close();
}

// Writes what the pipe takes now; closes it when all is written or the child reads no more.
void WriteSome(Descriptor& to, const std::string& input, size_t* written) {
  const ssize_t n = write(to.get(), input.data() + *written, input.size() - *written);
  if (n > 0) *written += static_cast<size_t>(n);
  const bool broken = n < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || *written == input.size()) to.Close();
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::min<int64_t>(std::max<int64_t>(left.count(), 0), 3'600'000));
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

absl::StatusOr<ProcessOutput> RunProcess(const std::vector<std::string>& argv,
                                         const std::string& input, const ProcessLimits& limits,
                                         const ProcessOptions& options) {
  const auto deadline = Clock::now() + absl::ToChronoMilliseconds(limits.deadline);
  const auto expired = [&] {
    return absl::DeadlineExceededError(absl::StrFormat("%s still runs after %s, killed", argv[0],
                                                       absl::FormatDuration(limits.deadline)));
  };
  Pipe in, out, err;
  BL_RETURN_IF_ERROR(in.Open());
  BL_RETURN_IF_ERROR(out.Open());
  BL_RETURN_IF_ERROR(err.Open());
  BL_ASSIGN_OR_RETURN(const pid_t pid,
                      Spawn(argv, options.working_folder,
                            {in.read_end.get(), out.write_end.get(), err.write_end.get()}));
  Child child(pid);
  in.read_end.Close();
  out.write_end.Close();
  err.write_end.Close();
  fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  if (input.empty()) in.write_end.Close();

  ProcessOutput output;
  size_t written = 0;
  while (out.read_end.open() || err.read_end.open()) {
    const int left = MillisecondsUntil(deadline);
    if (left == 0) return expired();
    // poll() skips the descriptors that are -1: the pipes already closed.
    pollfd fds[] = {{in.write_end.get(), POLLOUT, 0},
                    {out.read_end.get(), POLLIN, 0},
                    {err.read_end.get(), POLLIN, 0}};
    if (poll(fds, 3, left) < 0) continue;
    if (fds[0].revents != 0) WriteSome(in.write_end, input, &written);
    if (fds[1].revents != 0) ReadSome(out.read_end, &output.out);
    if (fds[2].revents != 0) ReadSome(err.read_end, &output.err);
    if (static_cast<int64_t>(output.out.size() + output.err.size()) > limits.output_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("%s wrote more than %d bytes, killed", argv[0], limits.output_bytes));
    }
  }

  int status = 0;
  while (!child.Ended(&status)) {
    if (Clock::now() > deadline) return expired();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (!WIFEXITED(status)) {
    return absl::InternalError(
        absl::StrFormat("%s was ended by signal %d", argv[0], WTERMSIG(status)));
  }
  output.exit_code = WEXITSTATUS(status);
  return output;
}

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& argv,
                                                 const Options& options) {
  const std::string log_path = options.log_path.empty() ? "/dev/null" : options.log_path;
  Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Descriptor log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!nothing.open() || !log.open()) {
    return absl::InternalError(absl::StrFormat("open %s: %s", log_path, strerror(errno)));
  }
  Pipe out;
  if (options.pipe_output) BL_RETURN_IF_ERROR(out.Open());
  const int stdout_fd = options.pipe_output ? out.write_end.get() : log.get();
  ChildProcess process;
  BL_ASSIGN_OR_RETURN(process.pid_,
                      Spawn(argv, options.working_folder, {nothing.get(), stdout_fd, log.get()}));
  process.output_ = out.read_end.Release();
  return process;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept { *this = std::move(other); }

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  Stop(absl::ZeroDuration());
  pid_ = std::exchange(other.pid_, -1);
  exit_code_ = std::exchange(other.exit_code_, -1);
  if (output_ >= 0) close(output_);
  output_ = std::exchange(other.output_, -1);
  unread_ = std::move(other.unread_);
  return *this;
}

ChildProcess::~ChildProcess() {
  Stop(absl::ZeroDuration());
  if (output_ >= 0) close(output_);
}

bool ChildProcess::Running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = ExitCode(status);
  pid_ = -1;
  return false;
}

absl::StatusOr<std::string> ChildProcess::ReadLine(absl::Duration deadline) {
  const auto end = Clock::now() + absl::ToChronoMilliseconds(deadline);
  while (true) {
    const size_t newline = unread_.find('\n');
    if (newline != std::string::npos) {
      std::string line = unread_.substr(0, newline);
      unread_.erase(0, newline + 1);
      return line;
    }
    if (output_ < 0) return absl::FailedPreconditionError("the process has closed its output");
    const int left = MillisecondsUntil(end);
    pollfd fd = {output_, POLLIN, 0};
    const int ready = poll(&fd, 1, left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      return absl::DeadlineExceededError(
          absl::StrFormat("no line of output within %s", absl::FormatDuration(deadline)));
    }
    Descriptor from(output_);
    ReadSome(from, &unread_);
    output_ = from.Release();
  }
}

void ChildProcess::Stop(absl::Duration grace) {
  if (!Running()) return;
  const pid_t group = pid_;
  if (grace > absl::ZeroDuration()) {
    kill(pid_, SIGTERM);
    const auto end = Clock::now() + absl::ToChronoMilliseconds(grace);
    while (Running() && Clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  kill(-group, SIGKILL);  // Also what it may have left behind.
  if (pid_ < 0) return;
  int status = 0;
  waitpid(pid_, &status, 0);
  exit_code_ = ExitCode(status);
  pid_ = -1;
}

}  // namespace boardloop
