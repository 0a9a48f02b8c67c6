#include "worker/program.h"

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/command_line.h"
#include "core/base/status.h"
#include "worker/command.h"
#include "worker/torch/torch_version.h"

namespace boardloop {
namespace {

enum ExitCode : int { kFailed = 1, kBadInput = 2, kStopped = 3 };

constexpr char kDescription[] =
    "Boardloop's worker trains super-networks and turns their subnets into int8 models.";

constexpr char kFooter[] =
    R"(boardloop-worker COMMAND --help explains a command, with examples.

Flags can be kept in a file, a section per command: boardloop-worker train --config run.toml, with
  [train]
  epochs = 20
  recipe = "ofa"

Results go to standard output; progress and errors to standard error.
Exit codes:
  0  OK
  1  the program or its surroundings failed: a full disk, no memory, a loss that is not a number
  2  wrong usage, or a file that is refused
  3  stopped (Ctrl-C, SIGTERM); a training run goes on when the command is given again
)";

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return kBadInput;
    case absl::StatusCode::kCancelled:
      return kStopped;
    default:
      return kFailed;
  }
}

void AddCommands(CLI::App& program, WorkerAction& action) {
  program.fallthrough();  // --config may stand behind the command.
  program.set_config("--config", "", "Flags from a TOML file, a section per command: [train]");
  AddTrainCommand(program, action);
  AddScoreCommand(program, action);
  AddFinetuneCommand(program, action);
  AddQuantizeCommand(program, action);
  AddExportCommand(program, action);
  AddEvalCommand(program, action);
#ifdef BL_HAS_SERVICE
  AddServeCommand(program, action);
#endif
}

}  // namespace

int RunWorker(int argc, char** argv) {
  const CommandLine line{"boardloop-worker", kDescription, kFooter, ExitCodeFor, TorchVersion()};
  WorkerAction action;
  return RunCommandLine(line, argc, argv, [&](CLI::App& program, CommandAction& run) {
    AddCommands(program, action);
    run = [&]() -> absl::StatusOr<int> {
      BL_RETURN_IF_ERROR(action());
      return 0;
    };
  });
}

}  // namespace boardloop
