// How a network is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "core/board/board_type.h"
#include "core/data/samples.h"
#include "core/plan/plan.h"
#include "device-agent/measure/measurement.h"

namespace boardloop {

struct MeasureOptions {
  MeasureMode mode = MeasureMode::kImage;
  bool patch = true;
  std::optional<int64_t> sram_limit;
  InputMode input = InputMode::kResident;
  int32_t runs = 3;    // That are timed, after one that is not.
  int32_t inputs = 1;  // Compared with the reference; image mode only.
  // Further inputs that are compared, and whose answers are counted; image mode only. May be null.
  // Shared by the measurements that take them.
  std::shared_ptr<const Samples> samples;
  absl::Duration run_deadline = absl::Seconds(60);  // Of each request.
  bool keep_image = false;                          // In the measurement; image mode only.
};

// How a network is planned for a board of `type`.
PlanOptions PlanOptionsOf(const MeasureOptions& options, const BoardType& type);

}  // namespace boardloop
