// What `boardloop spaces` found, as JSON and as tables.
#pragma once

#include <cstddef>
#include <string>

#include "cli/table.h"
#include "core/space/space_optimization.h"
#include "nlohmann/json_fwd.hpp"

namespace boardloop {

inline constexpr size_t kBestRows = 10;

struct SpaceReport {
  std::string board;  // Empty when the limits were given as numbers.
  Space space;
  SpaceLimits limits;
  SpaceOptimizationOptions options;
  SpaceOptimizationResult result;
};

// The object that docs/formats/cli.md describes: all spaces of the grid, in grid order.
nlohmann::ordered_json ToJson(const SpaceReport& report);

// The first `rows` of the ranked spaces, best first, followed by the others, most survivors first.
Table SpaceTable(const SpaceReport& report, size_t rows);

// The table, of the best kBestRows with survivors unless `all`, and how much it leaves out; when
// nothing fits, what comes closest.
std::string SpaceReportText(const SpaceReport& report, bool all);

// "Nothing fits. Closest: ..."; empty when something fits.
std::string ClosestMissText(const SpaceReport& report);

std::string SpaceCdfTitle(const SpaceReport& report);

}  // namespace boardloop
