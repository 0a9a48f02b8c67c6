#include "cli/program.h"

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/doctor/commands.h"
#include "cli/join/commands.h"
#include "cli/local/commands.h"
#include "cli/remote/commands.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kDescription[] = "Boardloop finds int8 neural networks that fit a microcontroller.";

constexpr char kFooter[] =
    R"(boardloop COMMAND --help explains a command, with examples.

Results go to standard output; an error is one line with its code on standard error.
Exit codes:
  0  success
  1  the program, its surroundings or the coordinator failed: a full disk, gnuplot missing; or the
     coordinator refused what is wrong at the moment
  2  wrong usage, or an input that is refused
  3  a limit is missed: analyze --check, and what watch, submit and measure say INFEASIBLE of
  4  the search or measurement that was waited for FAILED
  5  it was CANCELLED
  6  the coordinator cannot be reached
)";

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return static_cast<int>(ExitCode::kBadInput);
    default:
      return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace

void AddCommands(CLI::App& program, Action& action) {
  AddAnalyzeCommand(program, action);
  AddSpacesCommand(program, action);
  AddSubnetCommand(program, action);
  AddBoardTypesCommand(program, action);
  AddEvalCommand(program, action);
  AddExportCommand(program, action);
  AddOverviewCommand(program, action);
  AddUpCommand(program, action);
  AddDownCommand(program, action);
  AddDoctorCommand(program, action);
  AddRemoteCommands(program, action);
  AddJoinCommands(program, action);
}

int RunProgram(int argc, char** argv) {
  const CommandLine line{"boardloop", kDescription, kFooter, ExitCodeFor, ""};
  Action action;
  return RunCommandLine(line, argc, argv, [&](CLI::App& program, CommandAction& run) {
    AddCommands(program, action);
    run = [&]() -> absl::StatusOr<int> {
      BL_ASSIGN_OR_RETURN(const ExitCode code, action());
      return static_cast<int>(code);
    };
  });
}

}  // namespace boardloop
