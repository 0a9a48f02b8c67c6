// The command of the `boardloop` program that looks at the machine (as cli/command.h).
#pragma once

#include "CLI/CLI.hpp"
#include "cli/command.h"

namespace boardloop {

void AddDoctorCommand(CLI::App& program, Action& action);

}  // namespace boardloop
