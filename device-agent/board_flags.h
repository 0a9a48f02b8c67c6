// The flags by which `measure` and `check` are told a board, and what they name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "device-agent/build/builder.h"
#include "device-agent/measure/board.h"

namespace boardloop {

struct BoardFlags {
  std::string board;  // Of the bench; without one, a type of virtual board.
  std::string bench;  // File.
  ProbeKind probe = ProbeKind::kOpenOcd;
  std::string state;  // Folders; empty: the defaults.
  std::string cache;
  std::vector<std::string> faults;
};

void AddBoardFlags(CLI::App& command, BoardFlags& flags);

absl::StatusOr<std::unique_ptr<Board>> OpenBoard(const BoardFlags& flags);
absl::StatusOr<Builder> MakeBuilder(const BoardFlags& flags);

}  // namespace boardloop
