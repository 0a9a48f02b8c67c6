#include "device-agent/measure/virtual_board.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "device-agent/probe/timer.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "boardloop-vboard";
constexpr int64_t kMaxLogBytes = int64_t{16} << 20;

// Exit codes of boardloop-vboard (docs/virtual-board.md).
enum { kPortInUse = 3, kNoQemu = 4, kStateFolder = 5 };

std::string LastLine(const std::string& path) {
  absl::StatusOr<std::string> log = ReadFile(path, kMaxLogBytes);
  if (!log.ok()) return "no message";
  const std::vector<std::string> lines = absl::StrSplit(*log, '\n', absl::SkipWhitespace());
  return lines.empty() ? "no message" : lines.back();
}

absl::Status EndedEarly(ChildProcess& process, const std::string& log_path) {
  process.Stop(absl::Seconds(1));
  const std::string message = absl::StrFormat("%s ended with exit code %d: %s", kProgram,
                                              process.exit_code(), LastLine(log_path));
  switch (process.exit_code()) {
    case kNoQemu:
      return absl::NotFoundError(message);
    case kStateFolder:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

int PortOf(const nlohmann::json& ready, const char* name) {
  const auto port = ready.find(name);
  return port != ready.end() && port->is_number_integer() ? port->get<int>() : 0;
}

std::string TextOf(const nlohmann::json& ready, const char* name) {
  const auto text = ready.find(name);
  return text != ready.end() && text->is_string() ? text->get<std::string>() : "";
}

}  // namespace

std::string FindVirtualBoardProgram() {
  if (const char* variable = std::getenv("BOARDLOOP_VBOARD")) return variable;
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path : {folder / kProgram, folder / ".." / "bin" / kProgram}) {
    if (fs::exists(path, error)) return path.lexically_normal().string();
  }
  return kProgram;
}

absl::StatusOr<VirtualBoard> VirtualBoard::Start(const Options& options, absl::Duration deadline) {
  const Timer timer(deadline);
  std::error_code error;
  fs::create_directories(options.state_folder, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrFormat("create %s: %s", options.state_folder, error.message()));
  }
  const std::string program = FindVirtualBoardProgram();
  std::vector<std::string> argv = {program, "--type", options.type, "--state",
                                   options.state_folder};
  if (options.st_link) argv.insert(argv.end(), {"--stlink", "0"});
  if (options.pyocd) argv.insert(argv.end(), {"--pyocd", "0"});
  for (const std::string& fault : options.faults) argv.insert(argv.end(), {"--fault", fault});
  const std::string log_path = options.state_folder + "/vboard.log";
  fs::remove(log_path, error);  // The log of the last start: it would only grow.

  VirtualBoard board;
  absl::StatusOr<ChildProcess> process =
      ChildProcess::Start(argv, {.working_folder = "", .log_path = log_path, .pipe_output = true});
  if (absl::IsNotFound(process.status())) {
    return absl::NotFoundError(absl::StrCat(
        program, " is not there: it comes with boardloop-agent; BOARDLOOP_VBOARD names another"));
  }
  BL_RETURN_IF_ERROR(process.status());
  board.process_ = *std::move(process);
  absl::StatusOr<std::string> line = board.process_.ReadLine(timer.Left());
  if (absl::IsFailedPrecondition(line.status())) return EndedEarly(board.process_, log_path);
  BL_RETURN_IF_ERROR(Annotate(line.status(), "wait for the virtual board"));
  const nlohmann::json ready = nlohmann::json::parse(*line, nullptr, /*allow_exceptions=*/false);
  if (!ready.is_object() || !ready.value("ready", false)) {
    return absl::UnavailableError(
        absl::StrFormat("%s says \"%s\", a line of JSON was expected", program, *line));
  }
  board.qemu_pid_ = PortOf(ready, "qemu_pid");
  board.st_link_port_ = PortOf(ready, "stlink_port");
  board.pyocd_port_ = PortOf(ready, "pyocd_port");
  board.unique_id_ = TextOf(ready, "uid");
  board.cycle_model_ = TextOf(ready, "cycle_model");
  return board;
}

}  // namespace boardloop
