#include "device-agent/program.h"

#include "absl/status/status.h"
#include "cli/command_line.h"
#include "device-agent/command.h"

namespace boardloop {
namespace {

constexpr int kAgentFailed = 1;
constexpr int kBadUsage = 2;

constexpr char kDescription[] =
    "Boardloop's device agent builds, flashes and measures int8 networks on boards.";

constexpr char kFooter[] =
    R"(boardloop-agent COMMAND --help explains a command, with examples.

Results go to standard output; progress and errors to standard error.
Exit codes:
  0  OK
  1  AGENT_FAILED: this program or its surroundings: no compiler, no OpenOCD, a full disk
  2  wrong usage, or a file that is refused (bench, board type)
  3  INFEASIBLE: the network does not fit the board
  4  CANDIDATE_FAILED: it faulted, gave wrong bytes, or did not end
  5  BOARD_FAILED: flash that does not hold, another board than expected, a wedged board
  6  PROBE_FAILED: the debug probe does not answer, or hung
  7  INVALID_MODEL: the model is refused
)";

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
      return kBadUsage;
    default:
      return kAgentFailed;
  }
}

void AddCommands(CLI::App& program, AgentAction& action) {
  AddMeasureCommand(program, action);
  AddBoardTypesCommand(program, action);
  AddExportCommand(program, action);
  AddCheckCommand(program, action);
  AddServeCommand(program, action);
}

}  // namespace

int RunAgent(int argc, char** argv) {
  const CommandLine line{"boardloop-agent", kDescription, kFooter, ExitCodeFor, ""};
  return RunCommandLine(line, argc, argv, AddCommands);
}

}  // namespace boardloop
