#include "server/program.h"

#include <cstdlib>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/command_line.h"
#include "server/command.h"
#include "sqlite3.h"

namespace boardloop {
namespace {

enum ExitCode : int { kFailed = 1, kBadInput = 2 };

constexpr char kDescription[] =
    "Boardloop's coordinator: searches, their tasks, the boards and workers of a farm.";

constexpr char kFooter[] = R"(boardloop-server COMMAND --help explains a command, with examples.

Exit codes:
  0  OK
  1  the program or its surroundings failed; `check` and `replay`: something was found; `health`: it does not serve
  2  wrong usage, or a state that is refused: in use, of a newer version, not a database
)";

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
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

void AddCommands(CLI::App& program, ServerAction& action) {
  AddServeCommand(program, action);
  AddCheckCommand(program, action);
  AddBackupCommand(program, action);
  AddReplayCommand(program, action);
  AddTokenCommand(program, action);
  AddIdentityCommand(program, action);
  AddHealthCommand(program, action);
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
  const CommandLine line{"boardloop-server", kDescription, kFooter, ExitCodeFor,
                         absl::StrCat("SQLite ", sqlite3_libversion())};
  return RunCommandLine(line, argc, argv, AddCommands);
}

}  // namespace boardloop
