// The commands of the `boardloop-agent` program. Each Add...Command() declares its flags and help;
// when the command line names it, `action` becomes its work, which runs after parsing.
#pragma once

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace boardloop {

// Returns the program's exit code: of `measure`, the number of the outcome.
using AgentAction = std::function<absl::StatusOr<int>()>;

void AddMeasureCommand(CLI::App& program, AgentAction& action);
void AddBoardTypesCommand(CLI::App& program, AgentAction& action);
void AddExportCommand(CLI::App& program, AgentAction& action);
void AddCheckCommand(CLI::App& program, AgentAction& action);
void AddServeCommand(CLI::App& program, AgentAction& action);

}  // namespace boardloop
