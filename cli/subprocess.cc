#include "cli/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

class Pipe {
 public:
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }

  // Both ends are closed in the child (CLOEXEC) except where they are duplicated on purpose.
  absl::Status Open() {
    if (pipe2(fds_, O_CLOEXEC) == 0) return absl::OkStatus();
    return absl::InternalError(absl::StrFormat("pipe: %s", strerror(errno)));
  }
  int read_end() const { return fds_[0]; }
  int write_end() const { return fds_[1]; }
  void CloseRead() { Close(&fds_[0]); }
  void CloseWrite() { Close(&fds_[1]); }

 private:
  static void Close(int* fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
  int fds_[2] = {-1, -1};
};

// A child process; killed and reaped by the destructor if it still runs.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  absl::Status Spawn(const std::vector<std::string>& argv, const Pipe& in, const Pipe& out,
                     const Pipe& err) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read_end(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write_end(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;  // An ignored SIGPIPE would be inherited.
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> args;
    for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
    args.push_back(nullptr);
    const int error = posix_spawnp(&pid_, args[0], &actions, &attributes, args.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == 0) return absl::OkStatus();
    pid_ = -1;
    const std::string message = absl::StrFormat("run %s: %s", argv[0], strerror(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::InternalError(message);
  }

  // Whether the child has ended; its wait status is in `status` then.
  bool Ended(int* status) {
    if (waitpid(pid_, status, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_ = -1;
};

// Appends what can be read now; closes the pipe at its end. False on an error of read().
bool ReadSome(Pipe& pipe, std::string* text) {
  char buffer[65536];
  const ssize_t n = read(pipe.read_end(), buffer, sizeof(buffer));
  if (n > 0) text->append(buffer, static_cast<size_t>(n));
  if (n == 0) pipe.CloseRead();
  return n >= 0 || errno == EINTR || errno == EAGAIN;
}

// Writes what the pipe takes now; closes it when all is written or the child reads no more.
void WriteSome(Pipe& pipe, const std::string& input, size_t* written) {
  const ssize_t n = write(pipe.write_end(), input.data() + *written, input.size() - *written);
  if (n > 0) *written += static_cast<size_t>(n);
  const bool broken = n < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || *written == input.size()) pipe.CloseWrite();
}

}  // namespace

absl::StatusOr<ProcessOutput> RunProcess(const std::vector<std::string>& argv,
                                         const std::string& input, const ProcessLimits& limits) {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(limits.deadline);
  const auto expired = [&] {
    return absl::DeadlineExceededError(absl::StrFormat("%s still runs after %s, killed", argv[0],
                                                       absl::FormatDuration(limits.deadline)));
  };
  Pipe in, out, err;
  BL_RETURN_IF_ERROR(in.Open());
  BL_RETURN_IF_ERROR(out.Open());
  BL_RETURN_IF_ERROR(err.Open());
  Child child;
  BL_RETURN_IF_ERROR(child.Spawn(argv, in, out, err));
  in.CloseRead();
  out.CloseWrite();
  err.CloseWrite();
  fcntl(in.write_end(), F_SETFL, O_NONBLOCK);
  if (input.empty()) in.CloseWrite();

  ProcessOutput output;
  size_t written = 0;
  while (out.read_end() >= 0 || err.read_end() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return expired();
    // poll() skips the descriptors that are -1: the pipes already closed.
    pollfd fds[] = {
        {in.write_end(), POLLOUT, 0}, {out.read_end(), POLLIN, 0}, {err.read_end(), POLLIN, 0}};
    if (poll(fds, 3, static_cast<int>(left.count())) < 0) continue;
    if (fds[0].revents != 0) WriteSome(in, input, &written);
    if (fds[1].revents != 0 && !ReadSome(out, &output.out)) out.CloseRead();
    if (fds[2].revents != 0 && !ReadSome(err, &output.err)) err.CloseRead();
    if (static_cast<int64_t>(output.out.size() + output.err.size()) > limits.output_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("%s wrote more than %d bytes, killed", argv[0], limits.output_bytes));
    }
  }

  int status = 0;
  while (!child.Ended(&status)) {
    if (std::chrono::steady_clock::now() > deadline) return expired();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (!WIFEXITED(status)) {
    return absl::InternalError(
        absl::StrFormat("%s was ended by signal %d", argv[0], WTERMSIG(status)));
  }
  output.exit_code = WEXITSTATUS(status);
  return output;
}

}  // namespace boardloop
