// The `boardloop` program: its command line, its exit codes and how it reports an error.
#pragma once

#include "CLI/CLI.hpp"
#include "cli/command.h"

namespace boardloop {

// Runs the command that the arguments name and returns the program's exit code (cli/command.h).
int RunProgram(int argc, char** argv);

// All commands; the one that a command line names becomes `action` (cli/command.h).
void AddCommands(CLI::App& program, Action& action);

}  // namespace boardloop
