#include "cli/command_line.h"

#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// CLI11 reports by exception, --help and --version among the errors.
absl::StatusOr<int> FinishParse(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), " (see --help)"));
  }
  std::ostringstream text, ignored;
  program.exit(error, text, ignored);
  BL_RETURN_IF_ERROR(WriteResults(text.str()));
  return 0;
}

// Our code returns statuses; what libraries throw ends here.
absl::StatusOr<int> ParseAndRun(CLI::App& program, int argc, char** argv,
                                const CommandAction& action) {
  try {
    program.parse(argc, argv);
    const std::vector<std::string> rest = program.remaining();
    if (!rest.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no command or option \"", rest[0], "\" (see --help)"));
    }
    if (program.get_subcommands().empty()) {
      return absl::InvalidArgumentError("a command is required (see --help)");
    }
    return action();
  } catch (const CLI::ParseError& error) {
    return FinishParse(program, error);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace

int RunCommandLine(
    const CommandLine& line, int argc, char** argv,
    const std::function<void(CLI::App& program, CommandAction& action)>& add_commands) {
  PrepareStandardStreams(line.name);
  CLI::App program(line.description, line.name);
  program.footer(line.footer);
  program.set_version_flag("--version",
                           absl::StrCat(line.name, " " BOARDLOOP_VERSION,
                                        line.libraries.empty() ? "" : "\n", line.libraries));
  program.require_subcommand(0, 1);
  CommandAction action;
  add_commands(program, action);
  // A word that is no command is told apart above. Commands would inherit this, had they come later.
  program.allow_extras();
  const absl::StatusOr<int> result = ParseAndRun(program, argc, argv, action);
  if (result.ok()) return *result;
  WriteMessage(absl::StrCat(absl::StatusCodeToString(result.status().code()), ": ",
                            std::string(result.status().message())));
  return line.exit_code(result.status());
}

}  // namespace boardloop
