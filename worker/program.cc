#include "worker/program.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "cli/text.h"
#include "worker/command.h"

namespace boardloop {
namespace {

enum ExitCode : int { kOk = 0, kFailed = 1, kBadInput = 2, kStopped = 3 };

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
    case absl::StatusCode::kOk:
      return kOk;
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

int Finish(const absl::Status& status) {
  if (!status.ok()) {
    const std::string line =
        absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
    std::fprintf(stderr, "boardloop-worker: %s\n", Printable(line).c_str());
  }
  return ExitCodeFor(status);
}

// CLI11 reports by exception, --help and --version among the errors.
absl::Status FinishParse(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), " (see --help)"));
  }
  std::ostringstream text, ignored;
  program.exit(error, text, ignored);
  return WriteResults(text.str());
}

int ParseAndRun(int argc, char** argv) {
  CLI::App program(kDescription, "boardloop-worker");
  program.footer(kFooter);
  program.set_version_flag("--version", "boardloop-worker " BOARDLOOP_VERSION);
  program.require_subcommand(1);
  program.fallthrough();  // --config may stand behind the command.
  program.set_config("--config", "", "Flags from a TOML file, a section per command: [train]");
  WorkerAction action;
  AddTrainCommand(program, action);
  AddScoreCommand(program, action);
  AddFinetuneCommand(program, action);
  AddQuantizeCommand(program, action);
  AddExportCommand(program, action);
  AddEvalCommand(program, action);
#ifdef BL_HAS_SERVICE
  AddServeCommand(program, action);
#endif
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Finish(FinishParse(program, error));
  }
  return Finish(action());
}

}  // namespace

int RunWorker(int argc, char** argv) {
  PrepareStandardStreams();
  std::signal(SIGXFSZ, SIG_IGN);  // A file at its size limit is a write that fails.
  // Our code returns statuses; what libraries throw ends here.
  try {
    return ParseAndRun(argc, argv);
  } catch (const std::bad_alloc&) {
    return Finish(absl::ResourceExhaustedError("out of memory"));
  } catch (const std::exception& error) {
    return Finish(absl::InternalError(error.what()));
  }
}

}  // namespace boardloop
