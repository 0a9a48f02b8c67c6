// The commands of the `boardloop-server` program. Each Add...Command() declares its flags and help; when the command line names it,
// `action` becomes its work, which runs after parsing.
#pragma once

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace boardloop {

// Returns the program's exit code.
using ServerAction = std::function<absl::StatusOr<int>()>;

void AddServeCommand(CLI::App& program, ServerAction& action);
void AddCheckCommand(CLI::App& program, ServerAction& action);
void AddBackupCommand(CLI::App& program, ServerAction& action);
void AddReplayCommand(CLI::App& program, ServerAction& action);
void AddTokenCommand(CLI::App& program, ServerAction& action);
void AddIdentityCommand(CLI::App& program, ServerAction& action);
void AddHealthCommand(CLI::App& program, ServerAction& action);

// --state, in all of them.
void AddState(CLI::App& command, std::string& state);

}  // namespace boardloop
