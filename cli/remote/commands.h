// The commands of the `boardloop` program that talk to a coordinator (as cli/command.h).
#pragma once

#include "CLI/CLI.hpp"
#include "cli/command.h"

namespace boardloop {

void AddSubmitCommand(CLI::App& program, Action& action);
void AddWatchCommand(CLI::App& program, Action& action);
void AddListCommand(CLI::App& program, Action& action);
void AddShowCommand(CLI::App& program, Action& action);
void AddCandidatesCommand(CLI::App& program, Action& action);
void AddFrontCommand(CLI::App& program, Action& action);
void AddGetCommand(CLI::App& program, Action& action);
void AddCancelCommand(CLI::App& program, Action& action);
void AddMeasureCommand(CLI::App& program, Action& action);
void AddBoardsCommand(CLI::App& program, Action& action);
void AddWorkersCommand(CLI::App& program, Action& action);
void AddEventsCommand(CLI::App& program, Action& action);

// Talks to nobody: writes the shell's completion script for all commands that `program` has when it runs.
void AddCompletionCommand(CLI::App& program, Action& action);

// All of them, in the order of the help.
void AddRemoteCommands(CLI::App& program, Action& action);

}  // namespace boardloop
