#include "device-agent/measure/measure_options.h"

namespace boardloop {

PlanOptions PlanOptionsOf(const MeasureOptions& options, const BoardType& type) {
  PlanOptions plan;
  plan.patch = options.patch;
  plan.sram_limit = options.sram_limit;
  plan.input = options.input;
  plan.regions = type.ArenaRegions();
  return plan;
}

}  // namespace boardloop
