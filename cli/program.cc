#include "cli/program.h"

#include <exception>
#include <new>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/local/commands.h"
#include "cli/output.h"
#include "cli/remote/commands.h"

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

ExitCode ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return ExitCode::kBadInput;
    default:
      return ExitCode::kFailed;
  }
}

int Report(const absl::Status& status) {
  WriteMessage(
      absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message())));
  return static_cast<int>(ExitCodeFor(status));
}

int Finish(const absl::StatusOr<ExitCode>& result) {
  return result.ok() ? static_cast<int>(*result) : Report(result.status());
}

// CLI11 reports by exception, --help and --version among the errors.
absl::StatusOr<ExitCode> FinishParse(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), " (see --help)"));
  }
  std::ostringstream text, ignored;
  program.exit(error, text, ignored);
  const absl::Status written = WriteResults(text.str());
  if (!written.ok()) return written;
  return ExitCode::kOk;
}

int ParseAndRun(int argc, char** argv) {
  CLI::App program(kDescription, "boardloop");
  program.footer(kFooter);
  program.set_version_flag("--version", "boardloop " BOARDLOOP_VERSION);
  program.require_subcommand(1);
  Action action;
  AddAnalyzeCommand(program, action);
  AddSpacesCommand(program, action);
  AddSubnetCommand(program, action);
  AddBoardTypesCommand(program, action);
  AddEvalCommand(program, action);
  AddExportCommand(program, action);
  AddOverviewCommand(program, action);
  AddUpCommand(program, action);
  AddDownCommand(program, action);
  AddRemoteCommands(program, action);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Finish(FinishParse(program, error));
  }
  return Finish(action());
}

}  // namespace

int RunProgram(int argc, char** argv) {
  PrepareStandardStreams();
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
