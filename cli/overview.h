// The MCUNet story for one board, from our own computation: what `boardloop overview` shows as
// pictures, as a page and as tables.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/table.h"
#include "core/board/board_type.h"

namespace boardloop {

// One picture, the table of the same figures, and what they are.
struct OverviewSection {
  std::string file;  // "peak-memory.svg"
  std::string title;
  std::string text;    // How the figures were computed, and by which rule.
  std::string script;  // For gnuplot.
  Table table;
};

struct OverviewOptions {
  int32_t samples = 1000;  // Of each space.
  uint64_t seed = 1;
  int32_t classes = 100;  // Of the task that spaces are ranked for; the paper's is ImageNet-100.
  int32_t threads = 1;
  std::function<void(int64_t done, int64_t total)> progress;
};

// In this order: parameters against peak activation, peak memory against the board's RAM, the
// CDF of MACs per space, and the SRAM of each step of an MCUNet network with patches.
//
// FAILED_PRECONDITION  no space of the grid is ranked for the board
absl::StatusOr<std::vector<OverviewSection>> MakeOverview(const BoardType& board,
                                                          const OverviewOptions& options);

}  // namespace boardloop
