#include "device-agent/program.h"

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

int Report(const absl::Status& status) {
  const std::string line =
      absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
  std::fprintf(stderr, "boardloop-agent: %s\n", Printable(line).c_str());
  return ExitCodeFor(status);
}

int Finish(const absl::StatusOr<int>& result) {
  return result.ok() ? *result : Report(result.status());
}

// CLI11 reports by exception, --help and --version among the errors.
absl::StatusOr<int> FinishParse(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), " (see --help)"));
  }
  std::ostringstream text, ignored;
  program.exit(error, text, ignored);
  const absl::Status written = WriteResults(text.str());
  if (!written.ok()) return written;
  return 0;
}

int ParseAndRun(int argc, char** argv) {
  CLI::App program(kDescription, "boardloop-agent");
  program.footer(kFooter);
  program.set_version_flag("--version", "boardloop-agent " BOARDLOOP_VERSION);
  program.require_subcommand(1);
  AgentAction action;
  AddMeasureCommand(program, action);
  AddBoardTypesCommand(program, action);
  AddExportCommand(program, action);
  AddCheckCommand(program, action);
  AddServeCommand(program, action);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Finish(FinishParse(program, error));
  }
  return Finish(action());
}

}  // namespace

int RunAgent(int argc, char** argv) {
  PrepareStandardStreams();
  // A file at its size limit is a write that fails, for us and for the tools that we start.
  std::signal(SIGXFSZ, SIG_IGN);
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
