// The bench file: which boards are connected to this machine (docs/formats/bench.md).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

enum class ProbeKind { kOpenOcd, kPyOcd };

struct BenchBoard {
  std::string name;
  std::string type;  // Of a board type.
  ProbeKind probe = ProbeKind::kOpenOcd;
  std::string serial;            // Of the debug probe; empty on a virtual board.
  std::string interface_config;  // OpenOCD's configuration file of the adapter.
  std::string unique_id;         // Of the MCU, 24 hex digits; empty: any.
  std::string power_cycle;       // Shell command that switches the board off and on; may be empty.
};

// Parses a bench file. Boards have distinct names, known types and, unless virtual, distinct serial
// numbers: an error names the file and the line.
absl::StatusOr<std::vector<BenchBoard>> ParseBench(const std::string& yaml,
                                                   const std::string& source);
absl::StatusOr<std::vector<BenchBoard>> LoadBench(const std::string& path);

// NOT_FOUND  no such board; the message names those there are
absl::StatusOr<BenchBoard> FindBenchBoard(const std::vector<BenchBoard>& boards,
                                          const std::string& name);

const char* ProbeKindName(ProbeKind kind);  // "openocd", "pyocd"

}  // namespace boardloop
