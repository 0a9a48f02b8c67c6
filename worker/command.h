// The commands of the `boardloop-worker` program. Each Add...Command() declares its flags and help; when
// the command line names it, `action` becomes its work, which runs after parsing.
#pragma once

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace boardloop {

using WorkerAction = std::function<absl::Status()>;

void AddTrainCommand(CLI::App& program, WorkerAction& action);
void AddScoreCommand(CLI::App& program, WorkerAction& action);
void AddFinetuneCommand(CLI::App& program, WorkerAction& action);
void AddQuantizeCommand(CLI::App& program, WorkerAction& action);
void AddExportCommand(CLI::App& program, WorkerAction& action);
void AddEvalCommand(CLI::App& program, WorkerAction& action);
void AddServeCommand(CLI::App& program, WorkerAction& action);  // Not in the trainer alone.

}  // namespace boardloop
