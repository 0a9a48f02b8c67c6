// The commands of the `boardloop` program that run the system on this machine (as cli/command.h).
#pragma once

#include "CLI/CLI.hpp"
#include "cli/command.h"

namespace boardloop {

void AddUpCommand(CLI::App& program, Action& action);
void AddDownCommand(CLI::App& program, Action& action);

}  // namespace boardloop
