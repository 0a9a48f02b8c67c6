// What surrounds the commands of each of our programs: --help and --version, errors as one line, exit codes.
#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

struct CommandLine {
  const char* name = "";  // Of the program: "boardloop-agent".
  const char* description = "";
  const char* footer = "";  // Ends --help: the exit codes stand here.
  int (*exit_code)(const absl::Status& error) = nullptr;
  std::string
      libraries;  // What --version says on a line of its own: "SQLite 3.40.1"; may be empty.
};

// The work of the command that was named; returns the program's exit code.
using CommandAction = std::function<absl::StatusOr<int>()>;

// Runs the command that the arguments name. `add_commands` declares the commands, each of which sets the action when the
// arguments name it.
int RunCommandLine(
    const CommandLine& line, int argc, char** argv,
    const std::function<void(CLI::App& program, CommandAction& action)>& add_commands);

}  // namespace boardloop
