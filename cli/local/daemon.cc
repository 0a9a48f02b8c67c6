#include "cli/local/daemon.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace boardloop {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(50);

// 0 for a process that is not there, or has ended and was not waited for.
int64_t StartTicks(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::ostringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  // The second field is the program's name in parentheses, which may hold anything.
  const size_t behind_name = stat.rfind(')');
  if (behind_name == std::string::npos) return 0;
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(behind_name + 2), ' ');
  int64_t ticks = 0;
  if (fields.size() < 20 || fields[0] == "Z" || !absl::SimpleAtoi(fields[19], &ticks)) return 0;
  return ticks;
}

void Reap(pid_t pid) { waitpid(pid, nullptr, WNOHANG); }

}  // namespace

absl::StatusOr<Daemon> StartDaemon(const std::vector<std::string>& argv,
                                   const std::string& log_path) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Daemon daemon;
  const int error =
      posix_spawn(&daemon.pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == ENOENT) {
    return absl::NotFoundError(
        absl::StrFormat("%s cannot be started, or its log %s not be written: %s", argv[0], log_path,
                        std::strerror(error)));
  }
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrFormat("%s cannot be started: %s", argv[0], std::strerror(error)));
  }
  daemon.start_ticks = StartTicks(daemon.pid);
  return daemon;
}

bool IsRunning(const Daemon& daemon) {
  if (daemon.pid <= 0) return false;
  Reap(daemon.pid);
  return daemon.start_ticks != 0 && StartTicks(daemon.pid) == daemon.start_ticks;
}

absl::Status StopDaemon(const Daemon& daemon, absl::Duration patience) {
  if (!IsRunning(daemon)) return absl::OkStatus();
  kill(daemon.pid, SIGTERM);
  const absl::Time end = absl::Now() + patience;
  while (absl::Now() < end) {
    if (!IsRunning(daemon)) return absl::OkStatus();
    absl::SleepFor(kLook);
  }
  kill(daemon.pid, SIGKILL);
  for (int i = 0; i < 100; ++i) {
    if (!IsRunning(daemon)) return absl::OkStatus();
    absl::SleepFor(kLook);
  }
  return absl::InternalError(absl::StrFormat("process %d cannot be ended", daemon.pid));
}

}  // namespace boardloop
