// The pictures of the program, as gnuplot scripts (cli/plot.h renders them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.h"
#include "core/space/space_optimization.h"

namespace boardloop {

// SRAM of each step of `plan` in order of execution: activations and kernel scratch, stacked, with
// the limit as a line. Behind it, the same operators run layer by layer, where that differs.
std::string LayerSramFigure(const std::string& title, const Plan& plan, const Plan& layer_by_layer,
                            std::optional<int64_t> sram_limit);

// The share of surviving networks that have at most x MACs, one curve for each of the `count` best
// spaces; a dot marks the mean, by which they are ranked. `spaces` has at least one that is ranked.
std::string SpaceCdfFigure(const std::string& title, const std::vector<SpaceStatistics>& spaces,
                           size_t count);

struct Bar {
  std::string label;
  double value = 0;
  std::string annotation;  // Beside the bar: the value with its unit.
  bool ours = false;       // Drawn in the accent colour.
};

struct BarPanel {
  std::string title;
  std::string axis;  // Quantity and unit.
  std::vector<Bar> bars;
  std::optional<double> limit;  // A vertical line with a label.
  std::string limit_label;
};

// Panels of horizontal bars, side by side.
std::string BarFigure(const std::vector<BarPanel>& panels);

// "w0.5-r144", as the papers write a space.
std::string SpaceLabel(const SpaceStatistics& space);

// The ranked spaces, best first.
std::vector<SpaceStatistics> RankedSpaces(const std::vector<SpaceStatistics>& spaces);

}  // namespace boardloop
