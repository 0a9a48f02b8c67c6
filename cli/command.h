// The commands of the `boardloop` program. Each Add...Command() declares its flags and help; when
// the command line names it, `action` becomes its work, which runs after parsing.
#pragma once

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace boardloop {

// What the program returns to the shell; --help documents it.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,       // The program or its surroundings failed: disk full, gnuplot missing.
  kBadInput = 2,     // Wrong usage, or an input that is refused.
  kDoesNotFit = 3,   // A limit is missed: `analyze --check`, an infeasible search or measurement.
  kJobFailed = 4,    // A search or measurement FAILED.
  kCancelled = 5,    // It was CANCELLED.
  kUnreachable = 6,  // No coordinator answers.
};

using Action = std::function<absl::StatusOr<ExitCode>()>;

void AddAnalyzeCommand(CLI::App& program, Action& action);
void AddSpacesCommand(CLI::App& program, Action& action);
void AddSubnetCommand(CLI::App& program, Action& action);
void AddBoardTypesCommand(CLI::App& program, Action& action);
void AddEvalCommand(CLI::App& program, Action& action);
void AddExportCommand(CLI::App& program, Action& action);
void AddOverviewCommand(CLI::App& program, Action& action);

}  // namespace boardloop
