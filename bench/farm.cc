#include "bench/farm.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxText = 1 << 20;
constexpr absl::Duration kServerStart = absl::Seconds(60);

// The number of KiB on a line "VmRSS:   1234 kB".
int64_t StatusBytes(const std::string& text, const std::string& name) {
  const size_t at = text.find("\n" + name + ":");
  int64_t kib = 0;
  if (at == std::string::npos) return 0;
  std::istringstream(text.substr(at + name.size() + 2)) >> kib;
  return kib * 1024;
}

// (The kernel says that these files are empty, and ReadFile believes it.)
absl::StatusOr<std::string> ReadProc(pid_t pid, const char* file) {
  const std::string path = absl::StrFormat("/proc/%d/%s", pid, file);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  if (!text.str().empty()) return text.str();
  return absl::NotFoundError(path + " cannot be read");
}

}  // namespace

BenchFolder::BenchFolder(const std::string& name)
    : path_((fs::temp_directory_path() / (name + ".XXXXXX")).string()) {
  CHECK_NE(mkdtemp(path_.data()), nullptr) << path_;
}

BenchFolder::~BenchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

absl::StatusOr<ProcessUse> UseOf(pid_t pid) {
  BL_ASSIGN_OR_RETURN(const std::string stat, ReadProc(pid, "stat"));
  BL_ASSIGN_OR_RETURN(const std::string status, ReadProc(pid, "status"));
  // After the name, which may hold anything but ends with the last ')'.
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(stat.rfind(')') + 2), absl::ByChar(' '));
  int64_t user = 0, system = 0;
  ProcessUse use;
  if (fields.size() < 18 || !absl::SimpleAtoi(fields[11], &user) ||
      !absl::SimpleAtoi(fields[12], &system) || !absl::SimpleAtoi(fields[17], &use.threads)) {
    return absl::InternalError("/proc/PID/stat: " + stat);
  }
  use.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  use.rss_bytes = StatusBytes(status, "VmRSS");
  use.peak_rss_bytes = StatusBytes(status, "VmHWM");
  return use;
}

absl::StatusOr<ChildProcess> StartProgram(const std::string& name,
                                          const std::vector<std::string>& arguments,
                                          const std::string& log) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path program = self.parent_path().parent_path() / "bin" / name;
  if (error || !fs::exists(program, error)) {
    return absl::NotFoundError(
        absl::StrFormat("there is no %s: build it (deploy/build.sh)", program.string()));
  }
  std::vector<std::string> argv = {program.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ChildProcess::Options options;
  options.log_path = log;
  return ChildProcess::Start(argv, options);
}

std::string CoordinatorState(const std::string& folder) { return folder + "/server"; }

std::string CoordinatorDatabase(const std::string& folder) {
  return CoordinatorState(folder) + "/boardloop.db";
}

absl::StatusOr<BenchCoordinator> StartCoordinator(const std::string& folder) {
  const std::string address_file = folder + "/address", log = folder + "/server.log";
  BenchCoordinator coordinator;
  BL_ASSIGN_OR_RETURN(coordinator.process,
                      StartProgram("boardloop-server",
                                   {"serve", "--listen", "127.0.0.1:0", "--state",
                                    CoordinatorState(folder), "--address-file", address_file},
                                   log));
  const absl::Time end = absl::Now() + kServerStart;
  while (absl::Now() < end && coordinator.process.Running()) {
    const absl::StatusOr<std::string> address = ReadFile(address_file, kMaxText);
    if (address.ok()) {
      coordinator.address = std::string(absl::StripAsciiWhitespace(*address));
      return coordinator;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  BL_ASSIGN_OR_RETURN(const std::string said, ReadFile(log, kMaxText));
  return absl::FailedPreconditionError("the coordinator did not come up: " + said);
}

double Percentile(std::vector<double> values, double rank) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  const double place = std::clamp(std::ceil(rank * count), 1.0, count);
  return values[static_cast<size_t>(place) - 1];
}

}  // namespace boardloop
