#include "server/program.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <sstream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "cli/text.h"
#include "server/command.h"

namespace boardloop {
namespace {

enum ExitCode : int { kOk = 0, kFailed = 1, kBadInput = 2 };

constexpr char kDescription[] =
    "Boardloop's coordinator: searches, their tasks, the boards and workers of a farm.";

constexpr char kFooter[] = R"(boardloop-server COMMAND --help explains a command, with examples.

Exit codes:
  0  OK
  1  the program or its surroundings failed; `check` and `replay`: something was found
  2  wrong usage, or a state that is refused: in use, of a newer version, not a database
)";

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
      return kBadInput;
    default:
      return kFailed;
  }
}

int Report(const absl::Status& status) {
  const std::string line =
      absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
  std::fprintf(stderr, "boardloop-server: %s\n", Printable(line).c_str());
  return ExitCodeFor(status);
}

// CLI11 reports by exception, --help and --version among the errors.
int FinishParse(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    return Report(absl::InvalidArgumentError(absl::StrCat(error.what(), " (see --help)")));
  }
  std::ostringstream text, ignored;
  program.exit(error, text, ignored);
  const absl::Status written = WriteResults(text.str());
  return written.ok() ? kOk : Report(written);
}

int ParseAndRun(int argc, char** argv) {
  CLI::App program(kDescription, "boardloop-server");
  program.footer(kFooter);
  program.set_version_flag("--version", "boardloop-server " BOARDLOOP_VERSION);
  program.require_subcommand(1);
  ServerAction action;
  AddServeCommand(program, action);
  AddCheckCommand(program, action);
  AddBackupCommand(program, action);
  AddReplayCommand(program, action);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return FinishParse(program, error);
  }
  const absl::StatusOr<int> result = action();
  return result.ok() ? *result : Report(result.status());
}

}  // namespace

std::string DefaultServerFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return absl::StrCat(state, "/boardloop/server");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : ".", "/.local/state/boardloop/server");
}

void AddState(CLI::App& command, std::string& state) {
  command.add_option("--state", state, "Folder of the database and the artifacts")
      ->type_name("FOLDER")
      ->default_str("~/.local/state/boardloop/server");
}

int RunServer(int argc, char** argv) {
  PrepareStandardStreams();
  std::signal(SIGXFSZ, SIG_IGN);  // A file at its size limit is a write that fails.
  // Our code returns statuses; what libraries throw ends here.
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::bad_alloc&) {
    return Report(absl::ResourceExhaustedError("out of memory"));
  } catch (const std::exception& error) {
    return Report(absl::InternalError(error.what()));
  }
}

}  // namespace boardloop
