// The command line of boardloop-vboard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "device-agent/virtual/board.h"
#include "device-agent/virtual/fault.h"
#include "device-agent/virtual/listener.h"

namespace boardloop::vboard {

struct ProgramOptions {
  BoardType type;
  std::string state;
  std::optional<Uid> uid;
  std::optional<Endpoint> stlink;
  std::optional<Endpoint> remote_bitbang;
  std::optional<Endpoint> pyocd;
  std::vector<Fault> faults;
  bl_cycle_model cycle_model{};
  bool verbose = false;
  bool help = false;  // It has been printed: there is nothing to do.
};

// INVALID_ARGUMENT  what was found and what is needed
absl::StatusOr<ProgramOptions> ParseOptions(int argc, char** argv);

}  // namespace boardloop::vboard
